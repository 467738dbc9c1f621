// Users with passwords, rules, a middleware of your own and two listeners: `node custom-stack.mjs 1883`
import { timingSafeEqual } from 'node:crypto'
import { createBroker, DONE } from '@mqtt-stack/broker'

const users = new Map([['joe', Buffer.from('secret')]])

const passwords = {
  name: 'Passwords',
  authenticateConnection({ username, password }, store) {
    const known = users.get(username) ?? Buffer.alloc(0)
    const given = password ?? Buffer.alloc(0)
    store.valid = known.length > 0 && known.length === given.length && timingSafeEqual(known, given)
  },
}

const rules = {
  name: 'Rules',
  authorizePacket({ client, packet, action }, store) {
    // Each has a part of the topics.
    store.valid = topicsOf(packet, action).every((topic) => topic.startsWith(`${client.session.identity}/`))
  },
}

function topicsOf(packet, action) {
  if (action === 'subscribe') return packet.subscriptions.map(({ topic }) => topic)
  return [action === 'will' ? packet.will.topic : packet.topic]
}

// Stands behind authorize, before anything is stored.
const noEmptyMessages = {
  name: 'NoEmptyMessages',
  relayMessage({ packet }) {
    if (packet.payloadLength === 0) return DONE
  },
}

const broker = createBroker({
  listeners: [
    { transport: 'tcp', port: Number(process.argv[2] ?? 1883) },
    { transport: 'ws', port: Number(process.argv[3] ?? 8083) },
  ],
  connection: { connectTimeout: 5_000 },
  keepalive: { grace: 2 },
  packetEmitter: false,
  use: [
    { middleware: passwords, after: 'authentication' },
    { middleware: rules, after: 'authorize' },
    noEmptyMessages,
  ],
})

broker.on('clientConnected', ({ client }) => console.log(`${client.session.identity} is here`))

for (const { url, port } of await broker.listen()) console.log(`listening on ${port} (${url})`)
