import type { CallbackName, Client, Context, Done, Packet, PacketType, Steps, Timer } from '@mqtt-stack/core'
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
import type { Claim } from './failures.ts'
import { Failures } from './failures.ts'
import { ProcessMeasures } from './measures.ts'
import type { RateLimitOptions } from './options.ts'
import { RATE_LIMIT_OPTIONS } from './options.ts'
import { Overload } from './overload.ts'
import { Slowed } from './slowed.ts'
import { Traffic } from './traffic.ts'
import { WaitingRoom } from './waiting-room.ts'

/** How often memory and event loop are measured, and how often tables are swept, in ms. */
const MEASURE = 1_000
const SWEEP = 10_000

const NO_LIMIT = Number.POSITIVE_INFINITY
/** Options that bound what is counted from the moment on that they are on. */
const COUNTED = ['connections', 'connectionsPerAddress', 'connectionsPerUser'] as const

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
  install?: (client: Client) => void
  authenticationFailed?: (ctx: Context<'authenticationFailed'>) => void
  clientConnected?: (ctx: Context<'clientConnected'>) => void
  #connections: Connections | undefined
  #failures: Failures | undefined
  #overload: Overload | undefined
  #traffic: Traffic | undefined
  #room: WaitingRoom | undefined
  #slowed: Slowed | undefined
  #measures: ProcessMeasures | undefined
  readonly #timers: Timer[] = []

  constructor(options?: RateLimitOptions) {
    super(options, RATE_LIMIT_OPTIONS)
    this.#answer()
  }

  /** @throws StackError `ORDER_INVALID` where it stands behind authentication. */
  start(): void {
    this.#checkPlace()
    const { clock, log, config } = this.stack
    this.#slowed = new Slowed(log, clock)
    this.#room = new WaitingRoom(clock, config.stallTimeout)
    this.#apply(this.#slowed, this.#room)
    this.#timers.push(clock.every(SWEEP, this.#sweep))
    // One that fails is told, and refuses nobody.
    this.#timers.push(clock.every(MEASURE, () => this.stack.background(() => this.#overload?.look())))
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#measures?.stop()
    this.#slowed?.stop()
  }

  /** What was not counted so far is not bounded while it runs; all rates begin anew. */
  override reconfigure(options: RateLimitOptions): readonly string[] {
    const next = resolveOptions(this.name, options, RATE_LIMIT_OPTIONS)
    const late = COUNTED.filter((name) => this.config[name] === 0 && next[name] > 0)
    const left = super.reconfigure({ ...options, ...Object.fromEntries(late.map((name) => [name, 0])) })
    this.#answer()
    if (this.#slowed !== undefined && this.#room !== undefined) {
      this.#apply(this.#slowed, this.#room)
      this.stack.refresh()
    }
    return [...left, ...late]
  }

  handle(client: Client, packet: Packet): void | Done | Promise<void | Done> {
    return packet.cmd === 'connect' ? this.#admit(client) : this.#traffic?.count(client, packet)
  }

  /** Takes part in what is on, and in nothing else. */
  #answer(): void {
    const counts = Connections.isOn(this.config)
    const guards = Failures.isOn(this.config)
    const asksAtConnect = counts || guards || this.#measuresAnything
    this.handles = [
      ...(asksAtConnect ? (['connect'] as const) : []),
      ...(Traffic.isOn(this.config) ? (['publish', 'subscribe', 'unsubscribe'] as const) : []),
    ]
    if (counts) this.install = (client) => this.#connections?.add(client)
    else delete this.install
    if (guards) {
      this.authenticationFailed = (ctx) => this.#fail(ctx)
      this.clientConnected = ({ client }) =>
        this.#failures?.succeeded(claimOf(client), this.stack.clock.now())
    } else {
      delete this.authenticationFailed
      delete this.clientConnected
    }
  }

  /** Makes what the options ask for, or goes on with what there is by other limits. */
  #apply(slowed: Slowed, room: WaitingRoom): void {
    const { config } = this
    const { clock, log } = this.stack
    if (Connections.isOn(config)) this.#connections ??= new Connections(clock)
    this.#connections?.limit(config)
    this.#failures = Failures.isOn(config) ? (this.#failures ?? new Failures()) : undefined
    this.#failures?.limit(config)
    this.#traffic = Traffic.isOn(config) ? new Traffic(config, clock, room, slowed) : undefined
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
    const failures = this.#failures
    if (failures === undefined) return
    const { clock } = this.stack
    const claimed = claimOf(client)
    const refused = failures.refusalOf(claimed, clock.now())
    if (refused !== undefined) return this.#refuse(client, refused)
    const wait = failures.waitOf(claimed, clock.now())
    if (wait > 0) return proceed(this.#delay(client, clock.now() + wait, failures))
  }

  *#delay(client: Client, until: number, failures: Failures): Steps<void | Done> {
    this.#slowed?.tell(client, 'failed authentications')
    if (this.#room !== undefined) yield* this.#room.wait(client, until)
    if (client.closed) return DONE
    // Others may have failed meanwhile.
    const refused = failures.refusalOf(claimOf(client), this.stack.clock.now())
    if (refused !== undefined) return this.#refuse(client, refused)
  }

  #refuse(client: Client, { reasonCode, reason }: { reasonCode: ReasonCode; reason: string }): Done {
    this.stack.closeClient(client, reasonCode, reason)
    return DONE
  }

  #fail({ client, reasonCode }: Context<'authenticationFailed'>): void {
    if (WRONG.has(reasonCode)) this.#failures?.failed(claimOf(client), this.stack.clock.now())
  }

  readonly #sweep = (): void => {
    const now = this.stack.clock.now()
    this.#connections?.sweep(now)
    this.#failures?.sweep(now)
    this.#traffic?.sweep(now)
  }

  #checkPlace(): void {
    const { middlewares } = this.stack
    for (const { name, uses = [], requires = [] } of middlewares.slice(0, middlewares.indexOf(this))) {
      const asked = [...uses, ...requires]
      if (!asked.includes('authenticateConnection') && !asked.includes('relayMessage')) continue
      const fix = `use: [{ middleware: rateLimit, before: 'authentication' }]`
      throw new StackError('ORDER_INVALID', `${this.name} must stand before ${name}: ${fix}\n\n${this.stack}`)
    }
  }
}

/** As it was when the CONNECT came: of a connection that is over nobody knows the address. */
function claimOf(client: Client): Claim {
  const known = claim.of(client)
  if (known.address === undefined) {
    known.address = addressOf(client.listener.remote)
    known.username = client.username
    known.clientId = client.id
    known.local = client.listener.local
  }
  return known as Claim
}
