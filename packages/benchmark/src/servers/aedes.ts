/** Aedes as its documentation starts it, on one listener. */
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes } from 'aedes'
import { createWebSocketStream, WebSocketServer } from 'ws'

const [port, transport, cert, key] = process.argv.slice(2)
const broker = await Aedes.createBroker()

const server = {
  tcp: () => createServer(broker.handle),
  tls: () => createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, broker.handle),
  ws() {
    const http = createHttpServer()
    const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
    sockets.on('connection', (socket) => broker.handle(createWebSocketStream(socket)))
    return http
  },
}[transport as 'tcp' | 'tls' | 'ws']()

server.listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
