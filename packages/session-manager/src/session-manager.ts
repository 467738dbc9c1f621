import type {
  CallbackName,
  Client,
  ConnectPacket,
  Context,
  Done,
  OptionsSpec,
  PacketType,
  Session,
  Store,
  SubscriptionRecord,
  Timer,
} from '@mqtt-stack/core'
import { DONE, Middleware, ReasonCode } from '@mqtt-stack/core'

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

/** Expired sessions that are ended in one go. */
const EXPIRED_AT_ONCE = 100

/** Last on CONNECT: opens the session, restores its subscriptions, writes CONNACK and lets what was missed follow. */
export class SessionManager extends Middleware<SessionManagerOptions> {
  readonly handles: readonly PacketType[] = ['connect']
  readonly uses: readonly CallbackName[] = [
    'openSession',
    'closeSession',
    'clearSubscriptions',
    'clearOfflineMessages',
    'lookupSubscriptions',
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
    if (client.session.clientId === '') client.session.clientId = packet.clientId
    const { clientId, identity } = client.session
    const cleanStart = packet.clean !== false
    const expiryInterval = cleanStart ? 0 : this.config.maximumExpiry
    const store: Store<'openSession'> = {}
    try {
      await this.stack.call(
        'openSession',
        { client, packet, clientId, identity, cleanStart, expiryInterval },
        store,
      )
    } catch (error) {
      this.stack.fail(error as Error, undefined, packet)
      store.refused = ReasonCode.SERVER_UNAVAILABLE
    }
    if (store.refused !== undefined) {
      this.stack.closeClient(client, store.refused, 'the session is refused')
      return DONE
    }
    await this.#opened(client, packet, cleanStart, expiryInterval, store)
  }

  /** Stores the subscription of a session that outlives its connection. */
  async subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): Promise<void> {
    const { client, packet, topic, qos, options, identifier, restored } = ctx
    const { clientId, epoch, stored } = client.session
    if (restored || !stored || !this.stack.answers('storeSubscription')) return
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

  cleanDisconnect({ client }: Context<'cleanDisconnect'>): Promise<void> {
    return this.#close(client)
  }

  uncleanDisconnect({ client }: Context<'uncleanDisconnect'>): Promise<void> {
    return this.#close(client)
  }

  async #opened(
    client: Client,
    packet: ConnectPacket,
    cleanStart: boolean,
    expiryInterval: number,
    opened: Store<'openSession'>,
  ): Promise<void> {
    const present = !cleanStart && opened.present === true
    const session = this.#wake(client, present, opened.epoch ?? 0)
    session.epoch = opened.epoch ?? 0
    session.expiryInterval = expiryInterval
    session.inboundIds = opened.inboundIds ?? []
    if (present) await this.#restore(client, packet)
    else await this.#clear(client, packet)
    if (client.closed) {
      // It went before it was accepted: nobody else will close its session.
      await this.#close(client)
      return
    }
    client.accept()
    // The byte of session present was reserved in 3.1.
    client.write({ cmd: 'connack', returnCode: 0, sessionPresent: present && client.protocolVersion > 3 })
    await this.stack.call('resumeSession', { client, present })
    this.stack.tell('clientConnected', { client, packet, present })
  }

  /** Gives the client its older session object, unless another process had the session in between. */
  #wake(client: Client, present: boolean, epoch: number): Session {
    const { clientId, identity } = client.session
    const known = this.#sleeping.get(clientId)
    this.#sleeping.delete(clientId)
    if (known === undefined || !present || known.epoch + 1 !== epoch) return client.session
    known.identity = identity
    known.client = client
    client.session = known
    return known
  }

  /** Subscribes again to what was stored; what is not allowed any more is given up. */
  async #restore(client: Client, packet: ConnectPacket): Promise<void> {
    const { clientId } = client.session
    const records: SubscriptionRecord[] = []
    await this.stack.call('lookupSubscriptions', { client, packet, clientId }, records)
    for (const { topic, qos, options, identifier } of records) {
      const ctx = { client, packet, topic, qos, options, identifier, restored: true }
      const { grant } = await this.stack.call('subscribeTopic', ctx)
      if (grant === false || (grant ?? 0) >= 0x80)
        await this.stack.call('unsubscribeTopic', { client, packet, topic })
    }
  }

  /** Whatever an earlier session of this client left goes. */
  async #clear(client: Client, packet: ConnectPacket): Promise<void> {
    const { clientId, epoch } = client.session
    await this.stack.call('clearSubscriptions', { client, packet, clientId, epoch })
    await this.stack.call('clearOfflineMessages', { clientId, epoch })
  }

  async #close(client: Client): Promise<void> {
    const { session } = client
    const { clientId, epoch, expiryInterval, stored } = session
    session.client = undefined
    if (stored) this.#sleeping.set(clientId, session)
    else this.stack.tell('sessionEnded', { clientId, reason: 'closed' })
    if (this.stack.answers('closeSession'))
      await this.stack.call('closeSession', { clientId, epoch, expiryInterval })
    else if (!stored)
      await this.stack.call('clearSubscriptions', { client, packet: undefined, clientId, epoch })
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    try {
      const now = this.stack.clock.wall()
      const expired = await this.stack.call('lookupExpiredSessions', { now, limit: EXPIRED_AT_ONCE }, [])
      for (const { clientId, epoch } of expired) {
        this.#sleeping.delete(clientId)
        this.stack.tell('sessionEnded', { clientId, reason: 'expired' })
        await this.stack.call('removeSession', { clientId, epoch })
      }
    } catch (error) {
      this.stack.fail(error as Error, undefined, undefined)
    } finally {
      this.#sweeping = false
    }
  }
}
