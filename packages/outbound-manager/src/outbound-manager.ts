import type {
  Ack,
  CallbackName,
  Chain,
  Client,
  Context,
  DropReason,
  MetricFamily,
  PacketType,
  QoS,
  Steps,
  Store,
} from '@mqtt-stack/core'
import { Middleware, proceed, purgeTest, ReasonCode, Slot } from '@mqtt-stack/core'
import type { OutboundManagerOptions } from './options.ts'
import { OUTBOUND_MANAGER_OPTIONS } from './options.ts'
import { Outflow } from './outflow.ts'
import type { Outgoing } from './sender.ts'
import { Sender } from './sender.ts'

export type { OutboundManagerOptions } from './options.ts'

/** Made at the first QoS 1 or 2 message, or when a session is resumed: each is looked up with `peek`. */
const flows = new Slot<Outflow | undefined>(() => undefined)
/** Made at the first message that does not go as it is, or with the flow. */
const senders = new Slot<Sender | undefined>(() => undefined)

/** Answers forwardMessage; alone owns the window, resending and PUBREL. */
export class OutboundManager extends Middleware<OutboundManagerOptions> {
  readonly handles: readonly PacketType[] = ['puback', 'pubrec', 'pubcomp']
  readonly uses: readonly CallbackName[] = [
    'lookupOfflineMessages',
    'releaseOfflineMessages',
    'removeOfflineMessages',
    'handOnMessage',
    'sendMessage',
    'messageDropped',
  ]

  /** Who is asked before a message is written; they may come and go. */
  #asked!: Chain<'sendMessage'>

  constructor(options?: OutboundManagerOptions) {
    super(options, OUTBOUND_MANAGER_OPTIONS)
  }

  start(): void {
    this.#asked = this.stack.chain('sendMessage')
  }

  forwardMessage(ctx: Context<'forwardMessage'>, store: Store<'forwardMessage'>): void {
    const { client, packet, sequence } = ctx
    // The seed's context is { client, packet } alone.
    const qos = ctx.qos ?? packet.qos
    const gone = client.closed || (!client.connected && qos === 0)
    if (gone && sequence === undefined) this.#drop(ctx, store, 'not-connected')
    else if (qos > 0) this.#queue(ctx, qos, store)
    else if (client.congested && client.full) this.#drop(ctx, store, 'outbox-full')
    else {
      const { expiresAt = 0, identifiers } = ctx
      // Most messages go as they are.
      const plain = expiresAt === 0 && identifiers === undefined && this.config.topicAliases === 0
      if (plain && !this.#asked.answered) {
        if (client.publish(packet, 0, ctx.retain ?? false, false, 0)) store.outcome = 'sent'
        else this.#drop(ctx, store, 'too-large')
      } else store.outcome = this.#senderOf(client).send(outgoing(ctx, qos), false, 0) ? 'sent' : 'dropped'
    }
  }

  handle(client: Client, { cmd, packetId: id, reasonCode }: Ack): void {
    if (flows.peek(client)?.acknowledge(cmd, id, reasonCode) === true) return
    if (cmd !== 'pubrec' || reasonCode >= 0x80) return
    // For an identifier that is not in flight PUBREL is all that is left.
    const unknown = client.protocolVersion === 5 ? ReasonCode.PACKET_IDENTIFIER_NOT_FOUND : 0
    client.ack('pubrel', id, unknown)
  }

  resumeSession({ client, present }: Context<'resumeSession'>): void | Promise<void> {
    if (client.session.stored || flows.peek(client) !== undefined) return this.#flowOf(client).resume(present)
  }

  /** What is in flight and what waits in queues; what waits in logs is the backend's to count. */
  lookupMetrics(_ctx: Context<'lookupMetrics'>, store: Store<'lookupMetrics'>): void | Promise<void> {
    return proceed(this.#count(store))
  }

  *#count(store: Store<'lookupMetrics'>): Steps {
    let [inflight, queued, behind] = [0, 0, 0]
    for (const client of this.stack.clients) {
      if (this.stack.pace.spent) yield this.stack.pace.rest()
      const flow = flows.peek(client)
      if (flow === undefined) continue
      inflight += flow.inflight
      queued += flow.queued
      if (flow.behind) behind++
    }
    store.push(
      gauge(
        'mqtt_inflight_messages',
        'Messages of QoS 1 and 2 that clients have not acknowledged.',
        inflight,
      ),
      gauge(
        'mqtt_queued_messages',
        'Messages that wait in queues of connected clients without a log.',
        queued,
      ),
      gauge('mqtt_clients_behind', 'Connected clients whose log holds what was not sent yet.', behind),
    )
  }

  lookupOutbound({ client }: Context<'lookupOutbound'>, store: Store<'lookupOutbound'>): void {
    const flow = flows.peek(client)
    if (flow === undefined) return
    store.inflight += flow.inflight
    store.queued += flow.queued
    store.behind ||= flow.behind
  }

  /** What waits in queues; what waits in logs is the backend's to purge. */
  purgeMessages(ctx: Context<'purgeMessages'>, store: Store<'purgeMessages'>): void | Promise<void> {
    if (ctx.only === undefined || ctx.only === 'waiting') return proceed(this.#purge(ctx, store))
  }

  *#purge(ctx: Context<'purgeMessages'>, store: Store<'purgeMessages'>): Steps {
    const { clientId } = ctx
    const isUnwanted = purgeTest(ctx)
    for (const client of this.stack.clients) {
      if (this.stack.pace.spent) yield this.stack.pace.rest()
      if (clientId !== undefined && client.id !== clientId) continue
      const removed = flows.peek(client)?.purge(isUnwanted, clientId === undefined) ?? []
      store.waiting += removed.length
      for (const { share, packet, qos, expiresAt, publisher } of removed) {
        this.stack.waits.end(client, packet, false)
        // It is owed to the group: this client alone is not to have it.
        if (clientId !== undefined && share !== undefined)
          this.stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt, publisher })
        else
          this.stack.tell('messageDropped', {
            clientId: client.id,
            client,
            packet,
            reason: 'purged',
            count: 1,
          })
      }
    }
  }

  cleanDisconnect({ client, packet }: Context<'cleanDisconnect'>): void | Promise<void> {
    return this.#leave(client, packet.properties?.sessionExpiryInterval ?? client.session.expiryInterval)
  }

  uncleanDisconnect({ client }: Context<'uncleanDisconnect'>): void | Promise<void> {
    return this.#leave(client, client.session.expiryInterval)
  }

  #leave(client: Client, expiryInterval: number): void | Promise<void> {
    return flows.peek(client)?.leave(expiryInterval === 0)
  }

  #queue(ctx: Context<'forwardMessage'>, qos: QoS, store: Store<'forwardMessage'>): void {
    const { client, sequence } = ctx
    const flow = this.#flowOf(client)
    if (sequence !== undefined) store.outcome = flow.forwardStored(ctx, sequence)
    else {
      const outcome = flow.forwardLive(outgoing(ctx, qos))
      if (outcome === 'sent' || outcome === 'queued') store.outcome = outcome
      else this.#drop(ctx, store, outcome)
    }
    if (store.outcome === 'queued') store.queue = flow
  }

  #drop(
    { client, packet, offered }: Context<'forwardMessage'>,
    store: Store<'forwardMessage'>,
    reason: DropReason,
  ): void {
    store.outcome = 'dropped'
    if (offered) {
      store.reason = reason
      return
    }
    if (!this.stack.answers('messageDropped')) return
    this.stack.tell('messageDropped', { clientId: client.id, client, packet, reason, count: 1 })
  }

  #flowOf(client: Client): Outflow {
    return flows.peek(client) ?? this.#begin(client)
  }

  #begin(client: Client): Outflow {
    const window = Math.min(this.config.inflight, client.settings.receiveMaximum)
    const flow = new Outflow(this.stack, client, window, this.config, this.#senderOf(client))
    flows.set(client, flow)
    return flow
  }

  #senderOf(client: Client): Sender {
    const known = senders.peek(client)
    if (known !== undefined) return known
    const sender = new Sender(this.stack, client, this.config.topicAliases)
    senders.set(client, sender)
    return sender
  }
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'gauge', help, samples: [{ labels: {}, value }] }
}

/** The context itself, which is its executor's and never used again; the seed's has no more than client and packet. */
function outgoing(ctx: Context<'forwardMessage'>, qos: QoS): Outgoing {
  const { packet, retain, identifiers, expiresAt, share, publisher } = ctx
  if (ctx.qos !== undefined && retain !== undefined && expiresAt !== undefined) return ctx
  return { packet, qos, retain: retain ?? false, identifiers, expiresAt: expiresAt ?? 0, share, publisher }
}
