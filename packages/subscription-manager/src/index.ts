/**
 * `@mqtt-stack/subscription-manager`: SUBSCRIBE and UNSUBSCRIBE, filter by filter.
 * @packageDocumentation
 */
import type {
  CallbackName,
  Client,
  Context,
  OptionsSpec,
  PacketType,
  QoS,
  Steps,
  Store,
  SubscribePacket,
  Subscription,
  UnsubscribePacket,
} from '@mqtt-stack/core'
import { Middleware, nextMessageId, proceed, ReasonCode, Slot, shareOf } from '@mqtt-stack/core'

export interface SubscriptionManagerOptions {
  subscriptions?: number
}

export const SUBSCRIPTION_MANAGER_OPTIONS: OptionsSpec<SubscriptionManagerOptions> = {
  subscriptions: {
    kind: 'number',
    live: true,
    default: 1_000,
    min: 1,
    doc: 'How many subscriptions a client may have; more are refused.',
  },
}

/** So many filters of a packet are waited for at once. */
const SETTLING = 1_000

/** The filters that a client is subscribed to. */
const held = new Slot(() => new Set<string>())

/** Executes subscribeTopic or unsubscribeTopic for each filter, in order; tells of a subscription after its SUBACK. */
export class SubscriptionManager extends Middleware<SubscriptionManagerOptions> {
  readonly handles: readonly PacketType[] = ['subscribe', 'unsubscribe']
  readonly requires: readonly CallbackName[] = ['subscribeTopic', 'unsubscribeTopic']
  readonly behind: readonly CallbackName[] = [
    'authenticateConnection',
    'authenticateExchange',
    'authorizePacket',
  ]
  readonly uses: readonly CallbackName[] = ['topicSubscribed', 'topicUnsubscribed', 'subscriptionRefused']

  constructor(options?: SubscriptionManagerOptions) {
    super(options, SUBSCRIPTION_MANAGER_OPTIONS)
  }

  handle(client: Client, packet: SubscribePacket | UnsubscribePacket): void | Promise<void> {
    return proceed(
      packet.cmd === 'subscribe' ? this.#subscribe(client, packet) : this.#unsubscribe(client, packet),
    )
  }

  /** Notes what a resumed session brings along. */
  subscribeTopic({ client, topic, restored }: Context<'subscribeTopic'>): void {
    if (restored) held.of(client).add(topic)
  }

  unsubscribeTopic({ client, topic }: Context<'unsubscribeTopic'>): void {
    if (client !== undefined) held.of(client).delete(topic)
  }

  *#subscribe(client: Client, packet: SubscribePacket): Steps {
    const stores: Store<'subscribeTopic'>[] = []
    const since: number[] = []
    const { pace } = this.stack
    const waiting = new Map<string, number>()
    // A packet may hold 250,000 filters: others have their turn in between.
    for (const [i, options] of packet.subscriptions.entries()) {
      if (pace.spent) yield pace.rest()
      // The same filter again is granted behind the first.
      if (waiting.size >= SETTLING || waiting.has(options.topic))
        yield* this.#settle(client, packet, waiting, stores, since)
      stores.push(yield* this.#filter(client, packet, options))
      since.push(nextMessageId())
      if (stores[i].settled !== undefined && toCode(client, stores[i].grant) < 0x80)
        waiting.set(options.topic, i)
    }
    if (waiting.size > 0) yield* this.#settle(client, packet, waiting, stores, since)
    const granted = stores.map(({ grant }) => toCode(client, grant))
    client.write({ cmd: 'suback', packetId: packet.packetId, granted })
    const identifier = packet.properties?.subscriptionIdentifier
    for (const [i, options] of packet.subscriptions.entries()) {
      if (pace.spent) yield pace.rest()
      const { topic } = options
      if (granted[i] >= 0x80) {
        const { grant, reason } = stores[i]
        const reasonCode = typeof grant === 'number' ? grant : ReasonCode.UNSPECIFIED_ERROR
        this.stack.tell('subscriptionRefused', { client, topic, reasonCode, reason })
        continue
      }
      const existed = stores[i].existed === true
      this.stack.tell('topicSubscribed', {
        client,
        topic,
        qos: granted[i] as QoS,
        options,
        identifier,
        share: shareOf(topic),
        existed,
        since: since[i],
      })
    }
  }

  *#filter(client: Client, packet: SubscribePacket, options: Subscription): Steps<Store<'subscribeTopic'>> {
    const { topic, qos } = options
    const filters = held.of(client)
    // To subscribe again replaces a subscription, and needs no room [MQTT-3.8.4-3].
    if (filters.size >= this.config.subscriptions && !filters.has(topic))
      return {
        grant: ReasonCode.QUOTA_EXCEEDED,
        reason: `more than ${this.config.subscriptions} filters of one client (subscriptions)`,
      }
    const store: Store<'subscribeTopic'> = {}
    const identifier = packet.properties?.subscriptionIdentifier
    const ctx = { client, packet, topic, qos, options, identifier, share: shareOf(topic), restored: false }
    try {
      yield this.stack.run('subscribeTopic', ctx, store)
    } catch (error) {
      // The filter is refused; the client and its other filters go on.
      this.stack.fail(error as Error, undefined, packet)
      store.grant = ReasonCode.UNSPECIFIED_ERROR
    }
    if (toCode(client, store.grant) < 0x80) filters.add(topic)
    else {
      yield store.settled
      yield* this.#undo(client, packet, topic, store)
    }
    return store
  }

  /** Waits for what several filters wait for; they may be refused yet. */
  *#settle(
    client: Client,
    packet: SubscribePacket,
    waiting: Map<string, number>,
    stores: readonly Store<'subscribeTopic'>[],
    since: number[],
  ): Steps {
    for (const [topic, i] of waiting) {
      yield stores[i].settled
      since[i] = stores[i].since ?? since[i]
      if (toCode(client, stores[i].grant) < 0x80) continue
      if (stores[i].existed !== true) held.of(client).delete(topic)
      yield* this.#undo(client, packet, topic, stores[i])
    }
    waiting.clear()
  }

  /** A filter that was stored before somebody behind refused it must not come back with the session. */
  *#undo(
    client: Client,
    packet: SubscribePacket,
    topic: string,
    { existed }: Store<'subscribeTopic'>,
  ): Steps {
    if (existed !== false) return
    try {
      yield this.#end(client, packet, topic, {})
    } catch (error) {
      this.stack.fail(error as Error, undefined, packet)
    }
  }

  *#unsubscribe(client: Client, packet: UnsubscribePacket): Steps {
    const stores: Store<'unsubscribeTopic'>[] = []
    const { pace } = this.stack
    /** What is under way, by filter. */
    let waiting = new Map<string, Promise<void>>()
    for (const topic of packet.unsubscriptions) {
      if (pace.spent) yield pace.rest()
      // The same filter again is answered behind the first.
      if (waiting.size >= SETTLING || waiting.has(topic)) {
        yield Promise.all(waiting.values())
        waiting = new Map()
      }
      const store: Store<'unsubscribeTopic'> = {}
      stores.push(store)
      const later = this.#end(client, packet, topic, store)
      if (later === undefined) continue
      // It is heard of behind the others.
      later.catch(() => {})
      waiting.set(topic, later)
    }
    if (waiting.size > 0) yield Promise.all(waiting.values())
    const granted = stores.map(({ existed }) =>
      existed === true ? ReasonCode.SUCCESS : ReasonCode.NO_SUBSCRIPTION_EXISTED,
    )
    client.write({ cmd: 'unsuback', packetId: packet.packetId, granted })
    if (!this.stack.answers('topicUnsubscribed')) return
    for (const [i, topic] of packet.unsubscriptions.entries()) {
      if (pace.spent) yield pace.rest()
      const existed = granted[i] === ReasonCode.SUCCESS
      this.stack.tell('topicUnsubscribed', { clientId: client.id, client, topic, existed })
    }
  }

  #end(
    client: Client,
    packet: SubscribePacket | UnsubscribePacket,
    topic: string,
    store: Store<'unsubscribeTopic'>,
  ): void | Promise<void> {
    const { id: clientId, epoch, session } = client
    return this.stack.run('unsubscribeTopic', { client, clientId, epoch, session, packet, topic }, store)
  }
}

/** The byte of SUBACK; versions before 5.0 know one refusal [MQTT-3.9.3-2]. */
function toCode(client: Client, grant: QoS | false | ReasonCode | undefined): number {
  if (grant === undefined || grant === false) return ReasonCode.UNSPECIFIED_ERROR
  return grant >= 0x80 && client.protocolVersion < 5 ? ReasonCode.UNSPECIFIED_ERROR : grant
}
