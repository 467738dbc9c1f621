/** The stack: middlewares in order, and the callbacks by which they ask and tell each other. */
import type { Duplex } from 'node:stream'
import type { Listener } from '../connection/index.ts'
import { Client, listenerOf } from '../connection/index.ts'
import type {
  CallbackName,
  CallbackRule,
  Callbacks,
  Context,
  Logger,
  MiddlewareLike,
  Resolved,
  RuleOf,
  StackOptions,
  Store,
} from '../contract/index.ts'
import {
  CALLBACKS,
  checkControlTopics,
  isControlTopic,
  MEMBERS,
  printableLogger,
  resolveOptions,
  STACK_OPTIONS,
} from '../contract/index.ts'
import { blame, blameOf, StackError } from '../errors/index.ts'
import { defaultCeiling, Ledger } from '../memory/index.ts'
import type { Packet } from '../packets/index.ts'
import { Decoder, freezePacket, PACKET_TYPES, ProtocolError, ReasonCode } from '../packets/index.ts'
import type { Clock, Timer } from '../time/index.ts'
import { bounded, Pace, systemClock, Turn } from '../time/index.ts'
import type { ChainHost, Step } from './chain.ts'
import { Chain, chainOf, isPromise } from './chain.ts'
import { checkStack, lacksOf } from './check-stack.ts'
import { clientOf } from './client-of.ts'
import { Watchdog } from './watchdog.ts'

/** Called when `execute` is through: with the first handler's error, or with none. */
export type ExecuteCallback<Name extends CallbackName> = (
  error: Error | null,
  ctx: Context<Name>,
  store: Store<Name>,
) => void

export class Stack {
  readonly config: Resolved<StackOptions>
  readonly clock: Clock
  /** The logger of the options, for text that may hold what a client sent. */
  readonly log: Logger
  /** What clients make the broker keep, in bytes. */
  readonly ledger: Ledger
  /** Shares out the turns of the event loop among work that may be long. */
  readonly pace: Pace
  /** Everybody connected. */
  readonly clients: Set<Client> = new Set()
  /** In the order of `use()`. */
  readonly middlewares: MiddlewareLike[] = []
  /** Internal: shared by the clients. */
  readonly turn: Turn
  /** Internal: shared by the clients. */
  readonly decoder: Decoder
  readonly #rules = new Map<string, CallbackRule>(Object.entries(CALLBACKS))
  readonly #callbacks = new Map<string, Chain>()
  /** By the number that a packet's first byte has for its type. */
  readonly #packets: readonly Chain[]
  readonly #host: ChainHost
  readonly #watchdog: Watchdog
  #started: Promise<void> | undefined
  #ready = false
  #stopped: Promise<void> | undefined

  /** @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`. */
  constructor(options?: StackOptions) {
    this.config = resolveOptions('Stack', options, STACK_OPTIONS)
    this.log = printableLogger(this.config.logger)
    const { memoryCeiling = defaultCeiling(), memoryShare } = this.config
    this.ledger = new Ledger({ memoryCeiling, memoryShare })
    this.#watchdog = new Watchdog(this)
    checkControlTopics(this.config.controlTopics)
    this.clock = this.config.clock ?? systemClock
    this.turn = new Turn((error) => this.fail(error, undefined, undefined), this.clock)
    this.pace = new Pace(this.clock, this.turn)
    this.decoder = new Decoder({ levels: this.config.topicLevels, bytes: this.config.topicBytes })
    const clock = this.clock
    this.#host = {
      strict: this.config.strict,
      waiting: this.#watchdog.waiting,
      now: () => clock.now(),
      stray: (error, subject) => this.fail(error, clientOf(subject), undefined),
    }
    for (const [name, rule] of this.#rules) this.#callbacks.set(name, chainOf(name, this.#host, rule))
    this.#packets = PACKET_TYPES.map((type) => new Chain(`handle ${type}`, this.#host))
  }

  /**
   * Adds middlewares behind those that are there.
   * @throws StackError `MIDDLEWARE_INVALID`, what {@link define} throws, or `STACK_RUNNING` after start.
   */
  use(...middlewares: MiddlewareLike[]): this {
    if (this.#started !== undefined)
      throw new StackError('STACK_RUNNING', 'use() after the stack has started')
    for (const middleware of middlewares) {
      if (typeof middleware !== 'object' || middleware === null || typeof middleware.name !== 'string') {
        throw new StackError(
          'MIDDLEWARE_INVALID',
          `use() takes an object with a name, not ${String(middleware)}`,
        )
      }
      for (const [name, rule] of Object.entries(middleware.defines ?? {})) this.define(name, rule)
      if (Object.isExtensible(middleware)) middleware.stack = this
      this.middlewares.push(middleware)
    }
    this.#compile()
    return this
  }

  /**
   * Makes a callback known, with its rule; its types are merged into the interface `Callbacks`.
   * @throws StackError `CALLBACK_RESERVED` or `CALLBACK_REDEFINED`.
   */
  define<Name extends string>(
    name: Name,
    rule: Name extends CallbackName ? RuleOf<Callbacks[Name]> : CallbackRule,
  ): this {
    if (MEMBERS.has(name))
      throw new StackError('CALLBACK_RESERVED', `"${name}" is a member of every middleware, not a callback`)
    const known = this.#rules.get(name)
    if (known === rule) return this
    if (known !== undefined)
      throw new StackError('CALLBACK_REDEFINED', `callback "${name}" is defined already`)
    this.#rules.set(name, rule)
    this.#callbacks.set(name, chainOf(name, this.#host, rule))
    this.#compile()
    return this
  }

  /** Looks again at who answers what: for a middleware whose handlers come and go. */
  refresh(): void {
    this.#compile()
  }

  /**
   * The chain of a callback, for those who run it often: `chain.run(ctx, store)` is what `run` does, and
   * `chain.answered` tells whether anybody listens. It stays valid when middlewares join.
   * @throws StackError `CALLBACK_UNKNOWN`.
   */
  chain(name: CallbackName): Chain {
    const chain = this.#callbacks.get(name)
    if (chain === undefined)
      throw new StackError('CALLBACK_UNKNOWN', `nobody defined the callback "${String(name)}"`)
    return chain
  }

  /** Whether the broker alone may publish to a topic (option `controlTopics`); relayMessage keeps clients out of it. */
  isControlTopic(topic: string): boolean {
    return isControlTopic(topic, this.config.controlTopics)
  }

  /** Whether anybody answers a callback. */
  answers(name: CallbackName): boolean {
    return this.chain(name).answered
  }

  /**
   * Executes a callback for handlers that answer by return: nothing when all answered at once, a promise otherwise.
   * Throws, or rejects with, the first handler's error.
   */
  run<Name extends CallbackName>(name: Name, ctx: Context<Name>, store: Store<Name>): void | Promise<void> {
    return this.chain(name).run(ctx, store)
  }

  /**
   * Executes a callback and calls back: at once when all answered at once.
   * @param given The store; by default the one that the callback's rule makes.
   */
  execute<Name extends CallbackName>(
    name: Name,
    ctx: Context<Name>,
    given?: Store<Name>,
    callback: ExecuteCallback<Name> = (error) => {
      if (error !== null) this.fail(error, clientOf(ctx), undefined)
    },
  ): void {
    let store = given as Store<Name>
    let later: void | Promise<void>
    try {
      const chain = this.chain(name)
      store ??= chain.newStore()
      later = chain.run(ctx, store)
    } catch (error) {
      callback(error as Error, ctx, store)
      return
    }
    if (later === undefined) callback(null, ctx, store)
    else {
      const report = (error: Error): void => this.fail(error, clientOf(ctx), undefined)
      // A throw of the callback itself is not the chain's error.
      later
        .then(
          () => callback(null, ctx, store),
          (error: Error) => callback(error, ctx, store),
        )
        .catch(report)
    }
  }

  /**
   * Executes a callback; resolves with the store, rejects with the first handler's error.
   * @param given The store; by default the one that the callback's rule makes: a list for lookups, for instance.
   */
  call<Name extends CallbackName>(name: Name, ctx: Context<Name>, given?: Store<Name>): Promise<Store<Name>> {
    try {
      const chain = this.chain(name)
      const store: Store<Name> = given ?? chain.newStore()
      const later = chain.run(ctx, store)
      return later === undefined ? Promise.resolve(store) : bounded(later.then(() => store))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Tells everybody who listens. Their errors are theirs: nothing comes back, and nobody else misses it. */
  tell<Name extends CallbackName>(name: Name, ctx: Context<Name>): void {
    const chain = this.chain(name)
    // Not the client's error: whoever is told something cannot end its connection by failing.
    if (chain.answered) chain.tell(ctx, (error) => this.fail(error, undefined, undefined))
  }

  /**
   * Checks the stack and starts its middlewares, last to first; those that had started are stopped if one fails.
   * @throws StackError for what is wrong with the stack, with a listing of who answers what.
   */
  start(): Promise<void> {
    if (this.#stopped !== undefined) throw new StackError('STACK_STOPPED', 'start() after stop()')
    if (this.#started !== undefined) throw new StackError('STACK_RUNNING', 'start() was called twice')
    checkStack(this.middlewares, this.#rules, String(this))
    for (const lack of lacksOf(this.middlewares, this.#rules)) this.log.warn(lack)
    this.#started = this.#start()
    return this.#started
  }

  /** Settles as {@link start} did; `undefined` before it. */
  get started(): Promise<void> | undefined {
    return this.#started
  }

  /** Closes all connections, waits until they are settled, and stops the middlewares, first to last. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /**
   * A listener for `net.createServer`, `tls.createServer` and the like. Starts the stack if nobody has; a stream that
   * comes before it is ready waits. Without a `listener`, each socket's own address says whether it is local.
   * @throws StackError as {@link start} does.
   */
  handler(listener?: Listener): (stream: Duplex) => void {
    if (this.#started === undefined)
      this.start().catch((error: Error) => this.fail(error, undefined, undefined))
    return (stream) => void this.connect(stream, listener)
  }

  /** Serves one stream. Without a `listener` it is local where it is a socket of a loopback peer or of a Unix socket. */
  connect(stream: Duplex, listener: Listener = listenerOf(stream)): Client {
    const client = new Client(this, stream, listener)
    this.clients.add(client)
    if (this.#stopped !== undefined) client.close()
    else if (this.#ready) this.#install(client)
    else this.#whenReady(client)
    return client
  }

  /** Who answers what, one middleware a line. */
  toString(): string {
    const width = Math.max(0, ...this.middlewares.map(({ name }) => name.length))
    const lines = this.middlewares.map(
      (middleware) => `  ${middleware.name.padEnd(width)}  ${this.#describe(middleware)}`,
    )
    return ['Stack', ...lines].join('\n')
  }

  /**
   * Goes on with a packet that `owner` kept back, at the handler behind it: return it from the handler of the packet
   * that it waited for, so that the client's packets stay in order.
   */
  resume(owner: MiddlewareLike, client: Client, packet: Packet): void | Promise<void> {
    return this.#packets[PACKET_TYPES.indexOf(packet.cmd)].runBehind(owner, client, packet)
  }

  /** Internal: a packet for the middlewares that handle its type, as a number. */
  dispatch(client: Client, packet: Packet, type: number): void | Promise<void> {
    if (this.#host.strict) freezePacket(packet)
    return this.#packets[type].run(client, packet)
  }

  /** Ends a connection: executes closeClient, and closes it in any case. */
  closeClient(client: Client, reasonCode: ReasonCode, reason: string, cause?: Error): void {
    if (client.closed) return
    this.execute('closeClient', { client, reasonCode, reason }, {}, (failure) => {
      if (failure !== null) this.log.error(failure.message, failure)
      client.close(reasonCode, { reason, cause })
    })
  }

  /**
   * Starts work that nobody waits for. What it throws, or rejects with, goes to `errorHandler`.
   * @param client Whose work it is: it is closed where the work fails.
   */
  background(work: () => unknown, client?: Client): void {
    const fail = (error: Error): void => this.fail(error, client, undefined)
    try {
      const later = work()
      if (isPromise(later)) later.then(undefined, fail)
    } catch (error) {
      fail(error as Error)
    }
  }

  /** An error that no caller waits for: goes to `errorHandler`. */
  fail(error: Error, client: Client | undefined, packet: Packet | undefined): void {
    try {
      const handle = this.config.errorHandler ?? this.#onError
      handle(error, client, packet)
    } catch (failure) {
      this.log.error('errorHandler failed', failure)
      client?.close(ReasonCode.UNSPECIFIED_ERROR)
    }
  }

  /** Internal: a client that is above its high-water mark. */
  watch(client: Client): void {
    this.#watchdog.watch(client)
  }

  /** Internal: a client that holds an unfinished packet. */
  watchPacket(client: Client): void {
    this.#watchdog.watchPacket(client)
  }

  /** Internal: a connection is over. */
  forget(client: Client): void {
    this.clients.delete(client)
    this.#watchdog.forget(client)
  }

  /** The default errorHandler: logs whose error it is and ends that connection. */
  readonly #onError = (error: Error, client: Client | undefined, _packet: Packet | undefined): void => {
    const source = blameOf(error)
    const where = source === undefined ? '' : `${source.middleware} (${source.callback}): `
    // What a client did wrong is told with its end as well: by clientRefused, or by clientDisconnected.
    if (error instanceof ProtocolError) this.log.debug(`${client?.id ?? ''} ${error.message}`)
    else this.log.error(`${where}${error.message}`, error)
    const reasonCode = error instanceof ProtocolError ? error.reasonCode : ReasonCode.UNSPECIFIED_ERROR
    if (client !== undefined) this.closeClient(client, reasonCode, error.message, error)
  }

  #compile(): void {
    for (const [number, type] of PACKET_TYPES.entries()) {
      if (type === undefined) continue
      const takers = this.middlewares.filter(
        ({ handle, handles }) => handle !== undefined && (handles?.includes(type) ?? true),
      )
      this.#packets[number].steps = takers.map((owner) => toStep(owner, 'handle', 3))
    }
    for (const [name, chain] of this.#callbacks) {
      const steps = this.#inOrder()
        .filter((owner) => typeof member(owner, name) === 'function')
        .map((owner) => toStep(owner, name, 3))
      const guard = this.#rules.get(name)?.guard
      chain.steps = guard === undefined || steps.length === 0 ? steps : [this.#guardStep(guard), ...steps]
    }
  }

  #guardStep(guard: NonNullable<CallbackRule['guard']>): Step {
    return { owner: { name: 'Stack' }, handler: (ctx, store) => guard(ctx, store, this), asks: false }
  }

  /** The order of callbacks, start and stop: that of `use()`, stores behind all others. */
  #inOrder(): MiddlewareLike[] {
    const behind = (middleware: MiddlewareLike): number => (middleware.last === true ? 1 : 0)
    return [...this.middlewares].sort((a, b) => behind(a) - behind(b))
  }

  async #start(): Promise<void> {
    const begun: MiddlewareLike[] = []
    try {
      for (const middleware of this.#inOrder().reverse()) {
        await middleware.start?.()
        begun.unshift(middleware)
      }
    } catch (error) {
      await this.#stopAll(begun).catch((failure: Error) => this.fail(failure, undefined, undefined))
      throw error
    }
    this.#ready = true
    this.#watchdog.start()
  }

  async #stop(): Promise<void> {
    // A middleware whose start never ends keeps nobody from stopping.
    await this.#inTime(this.#started, 'the stack has not started').catch(() => {})
    const over = [...this.clients].map(
      (client) => new Promise<void>((resolve) => client.onClose(() => resolve())),
    )
    for (const client of [...this.clients])
      this.closeClient(client, ReasonCode.SERVER_SHUTTING_DOWN, 'shutting down')
    await Promise.race([
      Promise.all(over),
      new Promise<void>((resolve) => this.clock.after(this.config.stallTimeout, resolve)),
    ])
    try {
      if (this.#ready) await this.#stopAll(this.#inOrder())
    } finally {
      this.#watchdog.stop()
    }
  }

  /** Stops each of them, whatever becomes of the others; rejects with the first error. */
  async #stopAll(middlewares: readonly MiddlewareLike[]): Promise<void> {
    const errors: Error[] = []
    for (const middleware of middlewares) {
      try {
        await this.#inTime(middleware.stop?.(), `${middleware.name} has not stopped`)
      } catch (error) {
        errors.push(blame(error, middleware.name, 'stop'))
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  /** Waits for a stop, but not for ever: as long as handlers that it may wait for have, and as long again. */
  async #inTime(work: void | Promise<void>, complaint: string): Promise<void> {
    if (work === undefined) return
    const patience = 2 * this.config.stallTimeout
    let timer: Timer | undefined
    const late = new Promise<never>((_, reject) => {
      timer = this.clock.after(patience, () => {
        reject(new StackError('HANDLER_STALLED', `${complaint} within ${patience} ms`))
      })
    })
    try {
      await Promise.race([work, late])
    } finally {
      timer?.cancel()
    }
  }

  #install(client: Client): void {
    if (client.closed) return
    for (const middleware of this.middlewares) {
      try {
        middleware.install?.(client)
      } catch (error) {
        this.fail(blame(error, middleware.name, 'install'), client, undefined)
        client.close()
        return
      }
      if (client.diverted) break
    }
    client.read()
  }

  #whenReady(client: Client): void {
    const close = (): void => client.close()
    if (this.#started === undefined) this.handler()
    this.#started?.then(() => this.#install(client), close)
  }

  #describe(middleware: MiddlewareLike): string {
    const handled =
      middleware.handle === undefined ? [] : [`handle ${middleware.handles?.join(', ') ?? 'every packet'}`]
    const answered = [...this.#rules.keys()].filter((name) => typeof member(middleware, name) === 'function')
    const executed = [...(middleware.requires ?? []), ...(middleware.uses ?? [])]
    const executes = executed.length > 0 ? [`executes ${executed.join(', ')}`] : []
    const answers = answered.length > 0 ? [`answers ${answered.join(', ')}`] : []
    return [...handled, ...answers, ...executes].join('; ')
  }
}

function member(middleware: MiddlewareLike, name: string): unknown {
  return (middleware as unknown as Record<string, unknown>)[name]
}

function toStep(owner: MiddlewareLike, name: string, asking: number): Step {
  const handler = member(owner, name) as Step['handler']
  return { owner, handler, asks: handler.length >= asking }
}
