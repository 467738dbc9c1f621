/** Aedes as its documentation starts it, on one listener; in memory, or with a directory for LevelDB. */
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes } from 'aedes'
import { createWebSocketStream, WebSocketServer } from 'ws'

const [port, transport, cert, key, directory] = process.argv.slice(2)
const persistence = directory === undefined ? undefined : await onLevel(directory)
const broker = await Aedes.createBroker({ persistence })

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

/** As its documentation makes it, but for `level`, which in Node is this. */
async function onLevel(path: string): Promise<object> {
  const { ClassicLevel } = await import('classic-level')
  const { default: persistence } = await import('aedes-persistence-level')
  const level = new ClassicLevel(path)
  await level.open()
  return persistence(level)
}
