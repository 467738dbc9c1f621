/** A session that was opened, and the calls that its connection makes. */
import type { Client, Context, QoS, Store, StoredMessage, SubscriptionRecord } from '@mqtt-stack/core'
import { shareOf } from '@mqtt-stack/core'
import type { Bench } from './bench.ts'
import type { MessageInit } from './message.ts'
import { makeMessage } from './message.ts'

/** How a session is opened. */
export interface OpenInit {
  readonly cleanStart?: boolean
  /** Seconds that it outlives its connection; 60 by default. */
  readonly expiryInterval?: number
  readonly identity?: string
  /** A connection that is there already; a new one by default. */
  readonly client?: Client
  readonly will?: WillInit
  /** False: CONNACK is never written, and nothing is resumed. */
  readonly accepted?: boolean
}

/** A will, and the seconds for which it waits behind its connection; 0 by default. */
export interface WillInit extends MessageInit {
  readonly delay?: number
}

/** What a subscription asks for. */
export interface SubscribeInit {
  /** 1 by default. */
  readonly qos?: QoS
  /** Not the client's own messages. */
  readonly nl?: boolean
  /** The retain flag as published. */
  readonly rap?: boolean
  readonly identifier?: number
}

export class Session {
  readonly client: Client
  readonly clientId: string
  readonly identity: string | undefined
  readonly epoch: number
  readonly present: boolean
  readonly ended: boolean
  readonly inboundIds: readonly number[]
  readonly #bench: Bench

  constructor(bench: Bench, ctx: Context<'openSession'>, store: Store<'openSession'>) {
    this.#bench = bench
    this.client = ctx.client
    this.clientId = ctx.clientId
    this.identity = ctx.identity
    this.epoch = store.epoch ?? 0
    this.present = store.present ?? false
    this.ended = store.ended ?? false
    this.inboundIds = store.inboundIds ?? []
  }

  /** @throws Error where it is refused. */
  static async open(bench: Bench, clientId: string, init: OpenInit): Promise<Session> {
    const [ctx, store] = await Session.ask(bench, clientId, init)
    if (store.refused !== undefined) throw new Error(`openSession refused "${clientId}": ${store.refused}`)
    if (init.accepted !== false)
      await bench.call('resumeSession', { client: ctx.client, present: store.present ?? false })
    return new Session(bench, ctx, store)
  }

  /** Asks for a session; answers what was asked, and what was answered. */
  static async ask(
    bench: Bench,
    clientId: string,
    init: OpenInit = {},
  ): Promise<[Context<'openSession'>, Store<'openSession'>]> {
    const { cleanStart = false, expiryInterval = 60, identity } = init
    const client = init.client ?? (await bench.connect())
    client.session.clientId = clientId
    client.session.identity = identity
    const packet = { cmd: 'connect', clientId } as Context<'openSession'>['packet']
    const will = init.will && {
      packet: makeMessage(init.will),
      delay: init.will.delay ?? 0,
      dueAt: undefined,
    }
    const ctx = { client, packet, clientId, identity, cleanStart, expiryInterval, will }
    const store = await bench.call('openSession', ctx)
    if (store.refused === undefined) {
      client.epoch = store.epoch ?? 0
      Object.assign(client.session, { epoch: client.epoch, expiryInterval, resumed: store.present === true })
    }
    return [ctx, store]
  }

  /** Subscribes; where the session outlives its connection the subscription is stored too. */
  async subscribe(topic: string, init: SubscribeInit = {}): Promise<{ granted: unknown; existed: boolean }> {
    const { qos = 1, nl, rap, identifier } = init
    const { client } = this
    const options = { topic, qos, ...(nl !== undefined && { nl }), ...(rap !== undefined && { rap }) }
    const packet = { cmd: 'subscribe', subscriptions: [options] } as never
    const asked = {
      client,
      packet,
      topic,
      qos,
      options,
      identifier,
      share: shareOf(topic),
      restored: false,
    }
    const taken = await this.#bench.call('subscribeTopic', asked)
    await taken.settled
    const { grant, existed = false } = taken
    if (client.session.stored) await this.store(topic, init)
    return { granted: grant, existed }
  }

  /** Stores a subscription, without subscribing. */
  async store(topic: string, { qos = 1, nl, rap, identifier }: SubscribeInit = {}): Promise<boolean> {
    const { client } = this
    const options = { topic, qos, ...(nl !== undefined && { nl }), ...(rap !== undefined && { rap }) }
    const packet = { cmd: 'subscribe', subscriptions: [options] } as never
    const ctx = { ...this.address, client, packet, topic, qos, options, identifier }
    return (await this.#bench.call('storeSubscription', ctx)).existed ?? false
  }

  async unsubscribe(topic: string): Promise<boolean> {
    const { client } = this
    const packet = { cmd: 'unsubscribe', unsubscriptions: [topic] } as never
    const bench = this.#bench
    const ctx = { ...this.address, client, session: client.session, packet, topic }
    const { existed } = await bench.call('unsubscribeTopic', ctx)
    if (client.session.stored) await bench.call('removeSubscription', { ...this.address, client, topic })
    return existed ?? false
  }

  /** The subscriptions that are stored. */
  async subscriptions(): Promise<SubscriptionRecord[]> {
    const { client, clientId } = this
    const packet = { cmd: 'connect', clientId } as Context<'openSession'>['packet']
    return this.#bench.call('lookupSubscriptions', { client, packet, clientId }, [])
  }

  /** What is in the log, in its order. */
  async log(page: { after?: number; limit?: number } = {}): Promise<StoredMessage[]> {
    const { client, clientId } = this
    return this.#bench.call('lookupOfflineMessages', { client, clientId, ...page }, [])
  }

  /** The payloads of what is in the log. */
  async payloads(): Promise<string[]> {
    return (await this.log()).map(({ packet }) => packet.payload.toString())
  }

  /** The receiver has acknowledged these: they leave the log. */
  async acknowledge(messages: readonly StoredMessage[]): Promise<void> {
    await this.#bench.call('removeOfflineMessages', { ...this.address, ...placesOf(messages) })
  }

  /** PUBREC came for these: they are only to be released. */
  async release(messages: readonly StoredMessage[]): Promise<void> {
    await this.#bench.call('releaseOfflineMessages', { ...this.address, ...placesOf(messages) })
  }

  /** Stores the identifier of a QoS 2 message that awaits PUBREL. */
  async hold(packetId: number): Promise<void> {
    await this.#bench.call('storeInboundMessage', { ...this.address, packetId })
  }

  /** PUBREL came for these. */
  async free(...packetIds: readonly number[]): Promise<void> {
    await this.#bench.call('releaseInboundMessages', { ...this.address, packetIds })
  }

  /**
   * The connection is gone.
   * @param willIn Seconds until its will is due; without it the will is none any more.
   */
  async leave(expiryInterval: number = 60, willIn?: number): Promise<boolean> {
    this.client.close()
    const willDue = willIn === undefined ? undefined : this.#bench.clock.now() + willIn * 1_000
    const { ended } = await this.#bench.call('closeSession', { ...this.address, expiryInterval, willDue })
    return ended ?? false
  }

  /** Removes the session, as a sweep does that found its time to be over; false where the epoch is not its newest. */
  async remove(epoch: number = this.epoch): Promise<boolean> {
    try {
      const { ended } = await this.#bench.call('closeSession', {
        clientId: this.clientId,
        epoch,
        expiryInterval: 0,
        willDue: 0,
      })
      return ended ?? false
    } catch (error) {
      if ((error as { code?: unknown }).code === 'STALE_EPOCH') return false
      throw error
    }
  }

  /** Identifier and epoch: what each of its calls carries. */
  get address(): { clientId: string; epoch: number } {
    return { clientId: this.clientId, epoch: this.epoch }
  }
}

function placesOf(messages: readonly StoredMessage[]): { messageIds: number[]; sequences: number[] } {
  return {
    messageIds: messages.map(({ messageId }) => messageId),
    sequences: messages.map(({ sequence }) => sequence),
  }
}
