import { randomUUID } from 'node:crypto'
import type {
  CallbackName,
  Client,
  ConnackPacket,
  ConnectPacket,
  Context,
  Done,
  OptionsSpec,
  PacketType,
  Session,
  SessionContext,
  Store,
  SubscriptionRecord,
  Timer,
} from '@mqtt-stack/core'
import { ConnackProperties, DONE, grantedQoS, Middleware, ReasonCode, Slot, shareOf } from '@mqtt-stack/core'

export interface SessionManagerOptions {
  maximumExpiry?: number
  sweep?: number
}

export const SESSION_MANAGER_OPTIONS: OptionsSpec<SessionManagerOptions> = {
  maximumExpiry: {
    kind: 'number',
    default: 604_800,
    min: 1,
    max: 0xffff_ffff,
    unit: 's',
    doc: 'How long a stored session outlives its connection; seven days by default.',
  },
  sweep: {
    kind: 'number',
    default: 1_000,
    min: 10,
    unit: 'ms',
    doc: 'How often expired sessions are looked for.',
  },
}

/** Expired sessions that are looked up at a time. */
const EXPIRED_AT_ONCE = 100

/** Whether the session of a connection was opened here, and is to be closed here. */
class Opening {
  open = false
}

const opening = new Slot(() => new Opening())

/** Last on CONNECT: opens the session, restores its subscriptions, writes CONNACK and lets what was missed follow. */
export class SessionManager extends Middleware<SessionManagerOptions> {
  readonly handles: readonly PacketType[] = ['connect']
  readonly uses: readonly CallbackName[] = [
    'openSession',
    'closeSession',
    'clearSubscriptions',
    'clearOfflineMessages',
    'lookupSubscriptions',
    'lookupConnackProperties',
    'subscribeTopic',
    'unsubscribeTopic',
    'storeSubscription',
    'removeSubscription',
    'resumeSession',
    'lookupExpiredSessions',
    'removeSession',
    'sessionEnded',
    'clientConnected',
  ]
  /** Stored sessions without a connection, by client identifier, with what middlewares keep on them. */
  readonly #sleeping = new Map<string, Session>()
  #timer: Timer | undefined
  #sweeping = false

  constructor(options?: SessionManagerOptions) {
    super(options, SESSION_MANAGER_OPTIONS)
  }

  start(): void {
    if (!this.stack.answers('lookupExpiredSessions')) return
    this.#timer = this.stack.clock.every(this.config.sweep, () => void this.#sweep())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  async handle(client: Client, packet: ConnectPacket): Promise<void | Done> {
    // It was closed while somebody before us thought about it: it must not take a session from anybody.
    if (client.closed) return DONE
    if (client.session.clientId === '') client.session.clientId = packet.clientId || `auto-${randomUUID()}`
    const store: Store<'openSession'> = {}
    try {
      await this.#open(client, packet, store)
      if (store.refused === undefined) await this.#restore(client, packet, store)
    } catch (error) {
      this.stack.fail(error as Error, undefined, packet)
      store.refused = ReasonCode.SERVER_UNAVAILABLE
    }
    if (store.refused !== undefined) {
      this.stack.closeClient(client, store.refused, 'the session is refused')
      await this.#close(client)
      return DONE
    }
    await this.#accept(client, packet, store.present === true)
  }

  /** Stores the subscription of a session that outlives its connection. */
  async subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): Promise<void> {
    const { client, packet, topic, options, identifier, restored } = ctx
    const { clientId, epoch, stored } = client.session
    if (restored || !stored || !this.stack.answers('storeSubscription')) return
    const qos = grantedQoS(ctx, store)
    const record = { client, packet, clientId, epoch, topic, qos, options, identifier }
    const { existed } = await this.stack.call('storeSubscription', record)
    store.existed = existed
  }

  async unsubscribeTopic(
    { client, topic }: Context<'unsubscribeTopic'>,
    store: Store<'unsubscribeTopic'>,
  ): Promise<void> {
    const { clientId, epoch, stored } = client.session
    if (!stored || !this.stack.answers('removeSubscription')) return
    const { existed } = await this.stack.call('removeSubscription', { client, clientId, epoch, topic })
    store.existed = existed
  }

  /** A 5.0 client may change its mind about how long its session is to last [MQTT-3.14.2-2]. */
  cleanDisconnect({ client, packet }: Context<'cleanDisconnect'>): Promise<void> {
    const interval = packet.properties?.sessionExpiryInterval
    if (interval !== undefined) client.session.expiryInterval = Math.min(interval, this.config.maximumExpiry)
    return this.#close(client)
  }

  uncleanDisconnect({ client }: Context<'uncleanDisconnect'>): Promise<void> {
    return this.#close(client)
  }

  /** Claims the session; whoever else had it is gone and settled then. */
  async #open(client: Client, packet: ConnectPacket, store: Store<'openSession'>): Promise<void> {
    const { clientId, identity } = client.session
    const cleanStart = packet.clean !== false
    const expiryInterval = this.#expiryOf(packet, cleanStart)
    const ctx = { client, packet, clientId, identity, cleanStart, expiryInterval }
    await this.stack.call('openSession', ctx, store)
    if (store.refused !== undefined) return
    opening.of(client).open = true
    if (cleanStart) store.present = false
    const session = this.#wake(client, store, cleanStart)
    session.epoch = store.epoch ?? 0
    session.expiryInterval = expiryInterval
    session.resumed = store.present === true
    session.inboundIds = store.inboundIds ?? []
  }

  /** Seconds that the session is to outlive its connection; before 5.0 that is said by clean session alone. */
  #expiryOf({ protocolVersion, properties }: ConnectPacket, cleanStart: boolean): number {
    const { maximumExpiry } = this.config
    if (protocolVersion !== 5) return cleanStart ? 0 : maximumExpiry
    return Math.min(properties?.sessionExpiryInterval ?? 0, maximumExpiry)
  }

  async #properties(
    client: Client,
    packet: ConnectPacket,
    sessionPresent: boolean,
  ): Promise<ConnackPacket['properties']> {
    if (client.protocolVersion !== 5) return undefined
    const store = new ConnackProperties()
    const { expiryInterval } = client.session
    const asked = packet.properties?.sessionExpiryInterval ?? 0
    if (expiryInterval !== asked) store.set('sessionExpiryInterval', expiryInterval)
    await this.stack.call('lookupConnackProperties', { client, packet, sessionPresent }, store)
    // For those alone who asked for it [MQTT-3.1.2-28].
    if (!client.settings.requestResponseInformation) delete store.values.responseInformation
    return store.values
  }

  /** Gives the client its older session object, unless another process had the session in between. */
  #wake(client: Client, { present, epoch }: Store<'openSession'>, cleanStart: boolean): Session {
    const { clientId, identity } = client.session
    const known = this.#sleeping.get(clientId)
    if (known === undefined) return client.session
    this.#sleeping.delete(clientId)
    if (present !== true)
      this.stack.tell('sessionEnded', { clientId, reason: cleanStart ? 'clean-start' : 'expired' })
    if (present !== true || known.epoch + 1 !== epoch) return client.session
    known.identity = identity
    known.client = client
    client.session = known
    return known
  }

  /** Brings back what the session holds, or makes sure that it holds nothing. */
  async #restore(client: Client, packet: ConnectPacket, opened: Store<'openSession'>): Promise<void> {
    // A store that knows nothing but subscriptions, as the seed's, tells by them whether there is a session.
    const unknown = packet.clean === false && !this.stack.answers('openSession')
    if (opened.present !== true && !unknown) await this.#clear(client, packet)
    else if ((await this.#resubscribe(client, packet)) > 0) opened.present = true
  }

  /** Subscribes again to what was stored; what is not allowed any more is given up. Answers how many there were. */
  async #resubscribe(client: Client, packet: ConnectPacket): Promise<number> {
    const { clientId } = client.session
    const records: SubscriptionRecord[] = []
    await this.stack.call('lookupSubscriptions', { client, packet, clientId }, records)
    for (const { topic, qos, options, identifier } of records) {
      const ctx = { client, packet, topic, qos, options, identifier, share: shareOf(topic), restored: true }
      const { grant } = await this.stack.call('subscribeTopic', ctx)
      if (grant === false || (grant ?? 0) >= 0x80)
        await this.stack.call('unsubscribeTopic', { client, packet, topic })
    }
    return records.length
  }

  /** Whatever an earlier session of this client left goes. */
  async #clear(client: Client, packet: ConnectPacket): Promise<void> {
    const { clientId, epoch } = client.session
    await this.stack.call('clearSubscriptions', { client, packet, clientId, epoch })
    await this.stack.call('clearOfflineMessages', { clientId, epoch })
  }

  async #accept(client: Client, packet: ConnectPacket, present: boolean): Promise<void> {
    const properties = await this.#properties(client, packet, present)
    // It went before it was accepted: no disconnect is told, and nobody else will close its session.
    if (client.closed) return this.#close(client)
    // The byte of session present was reserved in 3.1.
    const sessionPresent = present && client.protocolVersion > 3
    if (!client.tryWrite({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent, properties })) {
      this.stack.closeClient(client, ReasonCode.PACKET_TOO_LARGE, 'CONNACK is larger than the client takes')
      return this.#close(client)
    }
    client.accept()
    // From here on nothing live overtakes what was missed.
    const resumed = this.stack.call('resumeSession', { client, present })
    this.stack.tell('clientConnected', { client, packet, present })
    await resumed
  }

  async #close(client: Client): Promise<void> {
    const state = opening.of(client)
    if (!state.open) return
    state.open = false
    const { session } = client
    const { clientId, epoch, expiryInterval } = session
    const lasts = expiryInterval > 0
    session.client = undefined
    // Without an epoch there is no telling whether it will be the same session.
    if (lasts && epoch > 0) this.#sleeping.set(clientId, session)
    if (!lasts) this.stack.tell('sessionEnded', { clientId, reason: 'closed' })
    if (this.stack.answers('closeSession'))
      await this.stack.call('closeSession', { clientId, epoch, expiryInterval })
    else if (!lasts)
      await this.stack.call('clearSubscriptions', { client, packet: undefined, clientId, epoch })
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    try {
      // Page by page; one that cannot be removed comes again, and is left to the next sweep.
      const seen = new Set<string>()
      for (;;) {
        const now = this.stack.clock.wall()
        const expired = await this.stack.call('lookupExpiredSessions', { now, limit: EXPIRED_AT_ONCE }, [])
        const fresh = expired.filter(({ clientId }) => !seen.has(clientId))
        if (fresh.length === 0) break
        for (const session of fresh) {
          seen.add(session.clientId)
          await this.#end(session)
        }
      }
    } catch (error) {
      this.stack.fail(error as Error, undefined, undefined)
    } finally {
      this.#sweeping = false
    }
  }

  async #end({ clientId, epoch }: SessionContext): Promise<void> {
    if (this.#sleeping.get(clientId)?.epoch === epoch) this.#sleeping.delete(clientId)
    this.stack.tell('sessionEnded', { clientId, reason: 'expired' })
    try {
      await this.stack.call('removeSession', { clientId, epoch })
    } catch (error) {
      this.stack.fail(error as Error, undefined, undefined)
    }
  }
}
