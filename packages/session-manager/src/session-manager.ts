import type {
  CallbackName,
  Client,
  ConnectPacket,
  Context,
  Done,
  PacketType,
  Session,
  Steps,
  Store,
  Timer,
} from '@mqtt-stack/core'
import { DONE, judgeEvery, Middleware, newClientId, PacketIds, proceed, ReasonCode } from '@mqtt-stack/core'
import { writeConnack } from './connack.ts'
import { ExpiredSessions } from './expired-sessions.ts'
import { lookUpHoldings } from './holdings.ts'
import { opening } from './opening.ts'
import type { SessionManagerOptions } from './options.ts'
import { SESSION_MANAGER_OPTIONS } from './options.ts'
import { restore } from './restore.ts'
import { SessionChanges } from './session-changes.ts'
import { SleepingSessions } from './sleeping-sessions.ts'
import { removeSubscription, storeSubscription } from './stored-subscriptions.ts'

/** Last on CONNECT: opens the session, restores its subscriptions, writes CONNACK and lets what was missed follow. */
export class SessionManager extends Middleware<SessionManagerOptions> {
  readonly handles: readonly PacketType[] = ['connect']
  readonly behind: readonly CallbackName[] = [
    'authenticateConnection',
    'authenticateExchange',
    'authorizePacket',
    'lookupConnackProperties',
    'lookupOfflineMessages',
  ]
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
    'sessionEnded',
    'clientConnected',
    'lookupSessions',
    'sessionTakenOver',
    'closeClient',
    'topicUnsubscribed',
  ]
  readonly #sleeping = new SleepingSessions()
  #timer: Timer | undefined
  #changes!: SessionChanges

  constructor(options?: SessionManagerOptions) {
    super(options, SESSION_MANAGER_OPTIONS)
  }

  start(): void {
    if (!this.stack.handles('pingreq')) this.stack.log.event('pingreq.unhandled', {})
    const expired = new ExpiredSessions(this.stack, this.#sleeping)
    this.#changes = new SessionChanges(this.stack, this.#sleeping, expired, opening)
    const sweep = (): void => this.stack.background(() => expired.sweep())
    this.#timer = judgeEvery(this.stack.clock, this.config.sweep, sweep)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  handle(client: Client, packet: ConnectPacket): void | Done | Promise<void | Done> {
    return proceed(this.#connect(client, packet))
  }

  /** Stores the subscription of a session that outlives its connection. */
  subscribeTopic(ctx: Context<'subscribeTopic'>, store: Store<'subscribeTopic'>): void {
    if (ctx.restored || !ctx.client.session.stored || !this.stack.answers('storeSubscription')) return
    storeSubscription(this.stack, ctx, store)
  }

  unsubscribeTopic(ctx: Context<'unsubscribeTopic'>, store: Store<'unsubscribeTopic'>): void | Promise<void> {
    const { session, packet } = ctx
    // What is taken away is removed in any case: the session may be about to be resumed.
    const isKept = packet === undefined || session?.stored !== false
    if (isKept && this.stack.answers('removeSubscription'))
      return proceed(removeSubscription(this.stack, ctx, store))
  }

  lookupHoldings(ctx: Context<'lookupHoldings'>, store: Store<'lookupHoldings'>): void | Promise<void> {
    return proceed(lookUpHoldings(this.stack, ctx, store))
  }

  endSubscription(ctx: Context<'endSubscription'>, store: Store<'endSubscription'>): void | Promise<void> {
    return proceed(this.#changes.endSubscription(ctx, store))
  }

  endSession(ctx: Context<'endSession'>, store: Store<'endSession'>): void | Promise<void> {
    return proceed(this.#changes.endSession(ctx, store))
  }

  /** A 5.0 client may change its mind about how long its session is to last [MQTT-3.14.2-2]. */
  cleanDisconnect({ client, packet }: Context<'cleanDisconnect'>): void | Promise<void> {
    const interval = packet.properties?.sessionExpiryInterval
    if (interval !== undefined && client.epoch === client.session.epoch)
      client.session.expiryInterval = Math.min(interval, this.config.maximumExpiry)
    return proceed(this.#close(client))
  }

  uncleanDisconnect({ client }: Context<'uncleanDisconnect'>): void | Promise<void> {
    return proceed(this.#close(client))
  }

  *#connect(client: Client, packet: ConnectPacket): Steps<void | Done> {
    // Of many that come at once each costs something: others have their turn in between.
    if (this.stack.pace.spent) yield this.stack.pace.rest()
    // It was closed while somebody before us thought about it: it must not take a session from anybody.
    if (client.closed) return DONE
    if (client.session.clientId === '') client.session.clientId = packet.clientId || newClientId()
    const store: Store<'openSession'> = {}
    let accepted = false
    try {
      yield* this.#open(client, packet, store)
      if (store.refused === undefined) yield* restore(this.stack, client, packet, store)
      if (store.refused === undefined)
        accepted = yield* writeConnack(this.stack, client, packet, store.present === true)
    } catch (error) {
      this.stack.fail(error as Error, undefined, packet)
      store.refused = ReasonCode.SERVER_UNAVAILABLE
    }
    if (accepted) return yield* this.#resume(client, packet, store.present === true)
    // Whatever it was that failed: what was opened is closed. Nobody is told of the end of a client that was not accepted.
    if (store.refused !== undefined)
      this.stack.closeClient(client, store.refused, store.reason ?? 'the session is refused')
    yield* this.#close(client)
    return DONE
  }

  /** Claims the session; whoever else had it is gone and settled then. */
  *#open(client: Client, packet: ConnectPacket, store: Store<'openSession'>): Steps {
    const { clientId, identity } = client.session
    const cleanStart = packet.clean !== false
    const expiryInterval = this.#expiryOf(packet, cleanStart)
    const ctx = { client, packet, clientId, identity, cleanStart, expiryInterval, will: client.will }
    yield this.stack.run('openSession', ctx, store)
    if (store.refused !== undefined) return
    opening.of(client).open = true
    if (cleanStart) store.present = false
    const session = this.#wake(client, store, cleanStart)
    client.epoch = store.epoch ?? 0
    session.epoch = client.epoch
    session.expiryInterval = expiryInterval
    session.resumed = store.present === true
    const { inboundIds = [] } = store
    session.inboundIds = inboundIds.length === 0 ? undefined : PacketIds.of(inboundIds)
  }

  /** Seconds that the session is to outlive its connection; before 5.0 that is said by clean session alone. */
  #expiryOf({ protocolVersion, properties }: ConnectPacket, cleanStart: boolean): number {
    const { maximumExpiry } = this.config
    if (protocolVersion !== 5) return cleanStart ? 0 : maximumExpiry
    return Math.min(properties?.sessionExpiryInterval ?? 0, maximumExpiry)
  }

  /** Gives the client its older session object, unless another process had the session in between. */
  #wake(client: Client, { present, epoch, ended }: Store<'openSession'>, cleanStart: boolean): Session {
    const { clientId, identity, groups } = client.session
    const known = this.#sleeping.wake(clientId)
    if (present !== true && (known !== undefined || ended === true))
      this.stack.tell('sessionEnded', { clientId, reason: cleanStart ? 'clean-start' : 'expired' })
    if (known === undefined) return client.session
    if (present !== true || known.epoch + 1 !== epoch) return client.session
    known.identity = identity
    known.groups = groups
    known.client = client
    client.session = known
    return known
  }

  /** From here on nothing live overtakes what was missed. */
  *#resume(client: Client, packet: ConnectPacket, present: boolean): Steps<void> {
    let resumed: void | Promise<void>
    try {
      resumed = this.stack.run('resumeSession', { client, present }, {})
    } finally {
      this.stack.tell('clientConnected', { client, packet, present })
    }
    yield resumed
  }

  *#close(client: Client): Steps {
    const state = opening.of(client)
    if (!state.open) return
    state.open = false
    // It may have a thousand subscriptions, and many may go at once.
    if (this.stack.pace.spent) yield this.stack.pace.rest()
    const { session, epoch } = client
    const { clientId, expiryInterval } = session
    const lasts = expiryInterval > 0
    // One that was given up may come late: the session is another connection's then.
    if (session.client === client) session.client = undefined
    // Without an epoch there is no telling whether it will be the same session.
    if (lasts && epoch > 0 && session.epoch === epoch) this.#sleeping.add(session, this.stack.clock.now())
    if (!lasts) this.stack.tell('sessionEnded', { clientId, reason: 'closed' })
    const willDue = client.will?.dueAt
    if (this.stack.answers('closeSession'))
      yield this.stack.run('closeSession', { clientId, epoch, expiryInterval, willDue }, {})
    else if (!lasts)
      yield this.stack.run('clearSubscriptions', { client, packet: undefined, clientId, epoch }, {})
  }
}
