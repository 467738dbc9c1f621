// A backend in place of memory-backend: `node custom-backend.mjs 1883`
// This one keeps subscriptions in a list and retained messages in a map, and no session beyond its connection.
import { createBroker, Deliverer, grantedQoS, Middleware, matchesFilter } from '@mqtt-stack/broker'

class ListBackend extends Middleware {
  last = true
  uses = ['forwardMessage']
  #subscriptions = []
  #retained = new Map()

  start() {
    this.deliverer = new Deliverer(this.stack)
  }

  subscribeTopic(ctx, store) {
    const { client, topic } = ctx
    store.existed = this.#remove(client, topic)
    store.grant = grantedQoS(ctx, store)
    this.#subscriptions.push({ client, topic, qos: store.grant })
    if (!store.existed) client.onClose(() => this.#remove(client, topic))
  }

  unsubscribeTopic({ client, topic }, store) {
    store.existed = this.#remove(client, topic)
  }

  relayMessage(ctx, store) {
    const receivers = new Map()
    for (const { client, topic, qos } of this.#subscriptions) {
      // A client with overlapping subscriptions gets one copy, at the highest QoS.
      if (matchesFilter(topic, ctx.topic)) receivers.set(client, Math.max(qos, receivers.get(client) ?? 0))
    }
    store.matched += receivers.size
    for (const [client, granted] of receivers) {
      const { clientId, epoch } = client.session
      const qos = Math.min(granted, ctx.packet.qos)
      const terms = { qos, retain: false, identifiers: undefined, expiresAt: 0, share: undefined }
      this.deliverer.deliver({ clientId, epoch, client, stored: false }, ctx.packet, terms, ctx, store)
    }
  }

  storeRetainedMessage({ topic, packet, messageId, expiresAt }, store) {
    store.replaced = this.#retained.delete(topic)
    if (packet.payloadLength > 0)
      this.#retained.set(topic, { topic, packet: packet.own(), messageId, expiresAt })
  }

  lookupRetainedMessages({ topic, after = '', limit = Number.POSITIVE_INFINITY }, store) {
    const topics = [...this.#retained.keys()]
      .filter((name) => name > after && matchesFilter(topic, name))
      .sort()
    for (const name of topics.slice(0, limit)) store.push(this.#retained.get(name))
  }

  #remove(client, topic) {
    const at = this.#subscriptions.findIndex((one) => one.client === client && one.topic === topic)
    if (at >= 0) this.#subscriptions.splice(at, 1)
    return at >= 0
  }
}

const broker = createBroker({
  listeners: [{ transport: 'tcp', port: Number(process.argv[2] ?? 1883) }],
  backend: new ListBackend(),
})
const [{ port }] = await broker.listen()
console.log(`listening on ${port}`)
