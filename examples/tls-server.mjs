// The same over TLS: `node tls-server.mjs 8883 certificate.pem key.pem`
import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { createBroker } from '@mqtt-stack/broker'

const [port, cert, key] = process.argv.slice(2)

// Who connects is local for the anonymous provider, because only this machine can reach the server below.
const { stack } = createBroker()
const server = createServer(
  { cert: readFileSync(cert), key: readFileSync(key) },
  stack.handler({ transport: 'tls', local: true }),
)
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`)
})
