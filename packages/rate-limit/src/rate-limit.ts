import type {
  CallbackName,
  Client,
  Context,
  Done,
  Handler,
  ListenerLimits,
  Packet,
  PacketType,
  Steps,
  Timer,
} from '@mqtt-stack/core'
import {
  addressOf,
  DONE,
  Middleware,
  proceed,
  ReasonCode,
  resolveOptions,
  Slot,
  StackError,
} from '@mqtt-stack/core'
import { Connections } from './connections.ts'
import { Exempt } from './exempt.ts'
import type { Claim } from './failures.ts'
import { Gate } from './gate.ts'
import { Guard } from './guard.ts'
import { isLimited } from './is-limited.ts'
import { ProcessMeasures } from './measures.ts'
import type { RateLimitOptions } from './options.ts'
import { RATE_LIMIT_OPTIONS } from './options.ts'
import { Overload } from './overload.ts'
import type { OwnLimits } from './own-limits.ts'
import { readOwnLimits } from './own-limits.ts'
import { Slowed } from './slowed.ts'
import { Traffic } from './traffic.ts'
import { WaitingRoom } from './waiting-room.ts'

/** How often memory and event loop are measured, and how often tables are swept, in ms. */
const MEASURE = 1_000
const SWEEP = 10_000

const NO_LIMIT = Number.POSITIVE_INFINITY
/** What says that a client is not who it claims to be; other codes say that nobody could find out. */
const WRONG: ReadonlySet<ReasonCode> = new Set([
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.BAD_AUTHENTICATION_METHOD,
])

const claim = new Slot(
  (): Partial<Claim> => ({
    address: undefined,
    username: undefined,
    clientId: '',
    local: false,
  }),
)

/**
 * Refuses and slows clients that take more than their part. Stands before authentication: who is refused costs no
 * password hash. What is off has no handler.
 */
export class RateLimit extends Middleware<RateLimitOptions> {
  handles: readonly PacketType[] = []
  readonly uses: readonly CallbackName[] = ['closeClient']
  install: ((client: Client) => void) | undefined
  authenticationFailed: Handler<'authenticationFailed'> | undefined
  admitAttempt: Handler<'admitAttempt'> | undefined
  clientConnected: Handler<'clientConnected'> | undefined
  clientReauthenticated: Handler<'clientReauthenticated'> | undefined
  #connections: Connections | undefined
  #guard: Guard | undefined
  #overload: Overload | undefined
  #traffic: Traffic | undefined
  #room: WaitingRoom | undefined
  #gate: Gate | undefined
  #slowed: Slowed | undefined
  #measures: ProcessMeasures | undefined
  #exempt: Exempt
  #own: ReadonlyMap<ListenerLimits, OwnLimits> = new Map()
  readonly #timers: Timer[] = []

  /** @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`. */
  constructor(options?: RateLimitOptions) {
    super(options, RATE_LIMIT_OPTIONS)
    this.#exempt = new Exempt(this.name, this.config.exempt)
    this.#answer()
  }

  /** @throws StackError `ORDER_INVALID` where it stands behind authentication. */
  start(): void {
    this.#checkPlace()
    const { clock, log, config } = this.stack
    this.#slowed = new Slowed(log, clock)
    this.#room = new WaitingRoom(clock, config.stallTimeout)
    this.#gate = new Gate(clock, this.#room, this.#slowed)
    this.#apply(this.#slowed, this.#room, [])
    this.#timers.push(clock.every(SWEEP, this.#sweep))
    // One that fails is told, and refuses nobody.
    this.#timers.push(clock.every(MEASURE, () => this.stack.background(() => this.#overload?.look())))
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#measures?.stop()
  }

  /**
   * Limits for those who are connected, too; all rates begin anew. `connectionsPerUser` that was 0 waits for the next
   * start: who holds how much is not counted while nothing bounds it.
   */
  override reconfigure(options: RateLimitOptions): readonly string[] {
    const next = resolveOptions(this.name, options, RATE_LIMIT_OPTIONS)
    const exempt = new Exempt(this.name, next.exempt)
    const isLate = this.config.connectionsPerUser === 0 && next.connectionsPerUser > 0
    const left = super.reconfigure({ ...options, ...(isLate && { connectionsPerUser: 0 }) })
    this.#exempt = exempt
    this.#own = this.#read([...this.#own.keys()])
    this.#renew()
    return isLate ? [...left, 'connectionsPerUser'] : left
  }

  /** Why an option that has changed stays as it was. */
  whyKept(option: string): string | undefined {
    if (option === 'connectionsPerUser')
      return 'who has how many connections is not counted while nothing bounds it'
    return option === 'measure' ? 'it is given in code' : undefined
  }

  /**
   * Limits of listeners in place of those of the options; see the options with `perListener`.
   * @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`, naming listener and option; nothing has changed then.
   */
  limitListeners(all: readonly ListenerLimits[]): void {
    const own = this.#read(all)
    // Of most brokers no listener has any, and rates go on as they are.
    if (own.size + this.#own.size === 0) return
    this.#own = own
    this.#renew()
  }

  /** Why a connection as this one would be refused now; nothing is counted. */
  wouldRefuse(client: Client, username: string | undefined): string | undefined {
    const { listener, id: clientId } = client
    const claimed = {
      address: addressOf(listener.remote),
      username,
      clientId,
      local: this.#exempt.has(listener),
    }
    const refusal =
      this.#connections?.wouldRefuse(client) ??
      this.#overload?.refusal ??
      this.#guard?.refusalOf(client, claimed, this.stack.clock.now())
    return refusal?.reason
  }

  handle(client: Client, packet: Packet): void | Done | Promise<void | Done> {
    return packet.cmd === 'connect' ? this.#admit(client) : this.#traffic?.count(client, packet)
  }

  #read(all: readonly ListenerLimits[]): ReadonlyMap<ListenerLimits, OwnLimits> {
    return new Map(all.map((one) => [one, readOwnLimits(one, this.config)]))
  }

  #renew(): void {
    this.#answer()
    if (this.#slowed !== undefined && this.#room !== undefined)
      this.#apply(this.#slowed, this.#room, this.stack.clients)
    ;(this as { stack?: RateLimit['stack'] }).stack?.refresh()
  }

  /** What may hold for a client: everywhere, or at one of the listeners. */
  get #all(): readonly RateLimitOptions[] {
    return [this.config, ...[...this.#own.values()].map(({ all }) => all)]
  }

  /** Takes part in what is on, and in nothing else. */
  #answer(): void {
    const counts = this.#all.some(Connections.isOn)
    const guards = this.#all.some(Guard.isOn)
    const asksAtConnect = counts || guards || this.#measuresAnything
    this.handles = [
      ...(asksAtConnect ? (['connect'] as const) : []),
      ...(this.#all.some(Traffic.isOn) ? (['publish', 'subscribe', 'unsubscribe'] as const) : []),
    ]
    // Not deleted where it is off: V8 would look up each field of this object by its name from then on.
    this.install = counts ? (client) => this.#connections?.add(client) : undefined
    this.authenticationFailed = guards ? (ctx) => this.#fail(ctx) : undefined
    this.admitAttempt = guards ? (ctx) => this.#attempt(ctx) : undefined
    this.clientConnected = guards ? (ctx) => this.#succeed(ctx) : undefined
    this.clientReauthenticated = guards ? (ctx) => this.#succeed(ctx) : undefined
  }

  /**
   * Makes what the options ask for, or goes on with what there is by other limits.
   * @param clients Who was let in by other limits.
   */
  #apply(slowed: Slowed, room: WaitingRoom, clients: Iterable<Client>): void {
    const { config } = this
    const { clock, log } = this.stack
    const counts = this.#all.some(Connections.isOn)
    if (counts) this.#connections ??= new Connections(clock, this.#exempt)
    this.#connections?.limit(config, this.#own, this.#exempt, counts ? clients : [])
    this.#guard = this.#all.some(Guard.isOn) ? (this.#guard ?? new Guard()) : undefined
    this.#guard?.limit(config, this.#own)
    this.#traffic = this.#all.some(Traffic.isOn)
      ? new Traffic(config, this.#own, clock, room, slowed)
      : undefined
    if (this.#measuresAnything && config.measure === undefined) this.#measures ??= new ProcessMeasures()
    const measure = this.#measures?.take ?? config.measure
    this.#overload = this.#measuresAnything ? new Overload(config, measure, log) : undefined
    this.#boundUsers()
  }

  get #measuresAnything(): boolean {
    return this.config.memory > 0 || this.config.loopDelay > 0
  }

  /** What users hold is counted by the ledger, and refused by whoever keeps it. */
  #boundUsers(): void {
    const { connectionsPerUser, sessionsPerUser, subscriptionsPerUser, retainedPerUser } = this.config
    this.stack.ledger.bounds = {
      connections: connectionsPerUser || NO_LIMIT,
      sessions: sessionsPerUser || NO_LIMIT,
      subscriptions: subscriptionsPerUser || NO_LIMIT,
      retained: retainedPerUser || NO_LIMIT,
    }
  }

  #admit(client: Client): void | Done | Promise<void | Done> {
    const refusal = this.#connections?.refusalOf(client) ?? this.#overload?.refusal
    if (refusal !== undefined) return this.#refuse(client, refusal)
    return proceed(this.#begin(client, this.#claimOf(client)))
  }

  *#begin(client: Client, claimed: Claim): Steps<void | Done> {
    if (this.#guard === undefined || this.#gate === undefined) return
    const refusal = yield* this.#gate.admit(this.#guard, client, claimed)
    if (refusal !== undefined) return this.#refuse(client, refusal)
    if (client.closed) return DONE
  }

  /** The client is to be proven as a user whom its CONNECT did not name: from here on the guess is one at that user. */
  #attempt({ client, username, again }: Context<'admitAttempt'>): void | Done | Promise<void | Done> {
    const claimed = this.#claimOf(client)
    if (claimed.username === username && !again) return
    claimed.username = username
    return proceed(this.#begin(client, claimed))
  }

  #refuse(client: Client, { reasonCode, reason }: { reasonCode: ReasonCode; reason: string }): Done {
    this.stack.closeClient(client, reasonCode, reason)
    return DONE
  }

  #fail({ client, username, reasonCode }: Context<'authenticationFailed'>): void {
    if (!WRONG.has(reasonCode)) return
    this.#guard?.failed(client, { ...this.#claimOf(client), username }, this.stack.clock.now())
  }

  #succeed({ client }: { readonly client: Client }): void {
    this.#guard?.succeeded(client, this.#claimOf(client), this.stack.clock.now())
  }

  readonly #sweep = (): void => {
    const now = this.stack.clock.now()
    this.#connections?.sweep(now)
    this.#guard?.sweep(now)
    this.#traffic?.sweep(now)
  }

  #checkPlace(): void {
    const { middlewares } = this.stack
    const late = middlewares.slice(0, middlewares.indexOf(this)).find(isLimited)
    if (late === undefined) return
    const fix = `use: [{ middleware: rateLimit, before: 'authentication' }]`
    throw new StackError(
      'ORDER_INVALID',
      `${this.name} must stand before ${late.name}: ${fix}\n\n${this.stack}`,
    )
  }

  /** As it was when the CONNECT came: of a connection that is over nobody knows the address. */
  #claimOf(client: Client): Claim {
    const known = claim.of(client)
    if (known.address === undefined) {
      known.address = addressOf(client.listener.remote)
      known.username = client.username
      known.clientId = client.id
      known.local = this.#exempt.has(client.listener)
    }
    return known as Claim
  }
}
