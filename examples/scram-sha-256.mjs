// Enhanced authentication of MQTT 5.0 by SCRAM: `node scram-sha-256.mjs users 1883`
// `mqtt-stack passwd users joe --scram` writes the file. The client proves that it knows the password, and the broker that
// it knows the user; the password itself is never sent, nor is it in the file.
import { ScramAuth } from '@mqtt-stack/auth-scram'
import { createBroker } from '@mqtt-stack/broker'

const [file = 'users', port = '1883'] = process.argv.slice(2)

const broker = createBroker({
  listeners: [{ transport: 'tcp', port: Number(port) }],
  use: [{ middleware: new ScramAuth({ file }), after: 'authentication' }],
  // Whoever is let in may do everything.
  authorize: false,
})
broker.on('clientConnected', ({ client }) => console.log(`${client.session.identity} is here`))
const [address] = await broker.listen()
console.log(`listening on ${address.port}`)
