/** The stack: puts together what the other files of this room do. Its members are documented with the interface. */
import type { Duplex } from 'node:stream'
import type { ConnectionHost } from '../connection/index.ts'
import { ClientConnection, listenerOf } from '../connection/index.ts'
import type {
  CallbackName,
  CallbackRule,
  Callbacks,
  Client,
  Context,
  ExecuteCallback,
  Listener,
  Log,
  MessageSampler,
  MessageWaits,
  MiddlewareLike,
  Resolved,
  RuleOf,
  Stack as StackInterface,
  StackOptions,
  Store,
} from '../contract/index.ts'
import {
  checkControlTopics,
  createLog,
  isControlTopic,
  MessageSamples,
  resolveOptions,
  STACK_OPTIONS,
  Traffic,
} from '../contract/index.ts'
import { isStackError, StackError } from '../errors/index.ts'
import { defaultCeiling, Ledger, Roster, Seat } from '../memory/index.ts'
import type { Packet, PacketType, ReasonCode } from '../packets/index.ts'
import { Decoder, freezePacket, PACKET_TYPES } from '../packets/index.ts'
import type { Clock } from '../time/index.ts'
import { bounded, Pace, systemClock, Turn } from '../time/index.ts'
import { begin } from './begin.ts'
import type { HandlerChain } from './chain.ts'
import { checkStack, unaskedOf } from './check-stack.ts'
import { clientOf } from './client-of.ts'
import { handleError, logFailure } from './error-policy.ts'
import { executeChain } from './execute.ts'
import { install } from './install.ts'
import { LifeCycle } from './life-cycle.ts'
import { listingOf } from './listing.ts'
import { Observing } from './observing.ts'
import { Registry } from './registry.ts'
import { traceChain } from './trace.ts'
import { Watchdog } from './watchdog.ts'

class MiddlewareStack implements ConnectionHost {
  readonly config: Resolved<StackOptions>
  readonly clock: Clock
  readonly log: Log
  readonly ledger: Ledger
  readonly traffic: Traffic = new Traffic()
  readonly samples: MessageSamples
  readonly waits: MessageWaits
  readonly pace: Pace
  readonly turn: Turn
  readonly decoder: Decoder
  readonly observation: Observing
  readonly clients: Roster<ClientConnection> = new Roster()
  readonly middlewares: readonly MiddlewareLike[]
  readonly #registry: Registry
  /** By the number that a packet's first byte has for its type. */
  readonly #packets: readonly HandlerChain[]
  readonly #watchdog: Watchdog
  readonly #life: LifeCycle
  #stopped: Promise<void> | undefined

  /** @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`. */
  constructor(options?: StackOptions) {
    this.config = resolveOptions('Stack', options, STACK_OPTIONS)
    checkControlTopics(this.config.controlTopics)
    const { memoryCeiling = defaultCeiling(), memoryShare } = this.config
    this.ledger = new Ledger({ memoryCeiling, memoryShare })
    this.clock = this.config.clock ?? systemClock
    this.samples = new MessageSamples(this.traffic, this.clock)
    this.waits = this.samples.waits
    const { logger, logLevel: level, logLines: lines } = this.config
    this.log = createLog(logger, this.clock, { level, lines })
    this.turn = new Turn((error) => this.fail(error, undefined, undefined), this.clock)
    this.pace = new Pace(this.clock, this.turn)
    this.decoder = new Decoder({ levels: this.config.topicLevels, bytes: this.config.topicBytes })
    this.#watchdog = new Watchdog(this)
    const now = (): number => this.clock.now()
    const fail = (error: Error): void => this.fail(error, undefined, undefined)
    const stray = (error: Error, subject: unknown): void => this.fail(error, clientOf(subject), undefined)
    const compile = (): void => this.#registry.compile()
    this.observation = new Observing({ now, fail, compile, chains: () => this.#registry.chains() })
    this.#registry = new Registry({
      stack: this,
      strict: this.config.strict,
      isIdle: () => this.#life.isIdle,
      waiting: this.#watchdog.waiting,
      watch: this.observation,
      now,
      stray,
    })
    this.middlewares = this.#registry.middlewares
    this.#packets = this.#registry.packets
    this.#life = new LifeCycle(this, () => this.#registry.inOrder())
  }

  get started(): Promise<void> | undefined {
    return this.#life.started
  }

  use(...middlewares: MiddlewareLike[]): this {
    if (this.started !== undefined) throw new StackError('STACK_RUNNING', 'use() after the stack has started')
    for (const middleware of middlewares) {
      this.#registry.add(middleware)
      if (Object.isExtensible(middleware)) middleware.stack = this
    }
    this.#registry.compile()
    return this
  }

  define<Name extends string>(
    name: Name,
    rule: Name extends CallbackName ? RuleOf<Callbacks[Name]> : CallbackRule,
  ): this {
    this.#registry.define(name, rule)
    return this
  }

  refresh(): void {
    this.#registry.compile()
  }

  sampleMessages(sampler: MessageSampler): () => void {
    return this.samples.add(sampler)
  }

  chain(name: CallbackName): HandlerChain {
    return this.#registry.chain(name)
  }

  isControlTopic(topic: string): boolean {
    return isControlTopic(topic, this.config.controlTopics)
  }

  handles(type: PacketType): boolean {
    return this.#registry.packets[PACKET_TYPES.indexOf(type)].answered
  }

  answers(name: CallbackName): boolean {
    return this.chain(name).answered
  }

  run<Name extends CallbackName>(name: Name, ctx: Context<Name>, store: Store<Name>): void | Promise<void> {
    return this.chain(name).run(ctx, store)
  }

  execute<Name extends CallbackName>(
    name: Name,
    ctx: Context<Name>,
    given?: Store<Name>,
    callback: ExecuteCallback<Name> = (error) => {
      if (error !== null) this.fail(error, clientOf(ctx), undefined)
    },
  ): void {
    const report = (error: Error): void => this.fail(error, clientOf(ctx), undefined)
    executeChain(() => this.chain(name), ctx, given, callback, report)
  }

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

  trace(name: CallbackName, ctx: object, given?: object): ReturnType<typeof traceChain> {
    return traceChain(this.chain(name), this.#registry.rules.get(name), ctx, given, () => this.clock.now())
  }

  tell<Name extends CallbackName>(name: Name, ctx: Context<Name>): void {
    const chain = this.chain(name)
    // Not the client's error: whoever is told something cannot end its connection by failing.
    if (chain.answered) chain.tell(ctx, (error) => this.fail(error, undefined, undefined))
  }

  check(): void {
    checkStack(this.middlewares, this.#registry.rules, String(this))
  }

  start(): Promise<void> {
    if (this.#stopped !== undefined) throw new StackError('STACK_STOPPED', 'start() after stop()')
    if (this.started !== undefined) throw new StackError('STACK_RUNNING', 'start() was called twice')
    this.check()
    for (const warning of unaskedOf(this.middlewares, this.#registry.rules))
      this.log.event('middleware.unasked', { cause: warning })
    return this.#life.start(() => this.#watchdog.start())
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#life.stop().finally(() => [this.#watchdog.stop(), this.log.flush()])
    return this.#stopped
  }

  handler(listener?: Listener): (stream: Duplex) => void {
    if (this.started === undefined)
      this.start().catch((error: Error) => this.fail(error, undefined, undefined))
    return (stream) => void this.connect(stream, listener)
  }

  connect(stream: Duplex, listener: Listener = listenerOf(stream)): ClientConnection {
    const client = new ClientConnection(this, stream, listener)
    client.seat = this.clients.add(new Seat(client))
    if (this.#stopped !== undefined) client.close()
    else if (this.#life.ready) this.#install(client)
    else this.#whenReady(client)
    return client
  }

  toString(): string {
    return listingOf(this.middlewares, this.#registry.rules)
  }

  resume(owner: MiddlewareLike, client: Client, packet: Packet): void | Promise<void> {
    return this.#packets[PACKET_TYPES.indexOf(packet.cmd)].runBehind(owner, client, packet)
  }

  dispatch(client: ClientConnection, packet: Packet, type: number): void | Promise<void> {
    if (this.config.strict) freezePacket(packet)
    return this.#packets[type].run(client, packet)
  }

  closeClient(client: Client, reasonCode: ReasonCode, reason: string, cause?: Error): void {
    if (client.closed) return
    this.execute('closeClient', { client, reasonCode, reason, cause }, {}, (failure) => {
      if (failure !== null) logFailure(this, failure, client)
      client.close(reasonCode, { reason, cause })
    })
  }

  background(work: () => unknown, client?: Client): void {
    begin(work, (error) => {
      // Work that was under way when the stack stopped ends with the backend.
      const isOver = this.#stopped !== undefined && isStackError(error) && error.code === 'BACKEND_STOPPED'
      if (!isOver) this.fail(error, client, undefined)
    })
  }

  fail(error: Error, client: Client | undefined, packet: Packet | undefined): void {
    handleError(this, error, client, packet)
  }

  watch(client: ClientConnection): void {
    this.#watchdog.watch(client)
  }

  watchPacket(client: ClientConnection): void {
    this.#watchdog.watchPacket(client)
  }

  forget(client: ClientConnection): void {
    this.clients.delete(client.seat)
    this.#watchdog.forget(client)
  }

  #install(client: ClientConnection): void {
    install(client, this.middlewares, (error) => this.fail(error, client, undefined))
  }

  #whenReady(client: ClientConnection): void {
    if (this.started === undefined) this.handler()
    this.started?.then(
      () => this.#install(client),
      () => client.close(),
    )
  }
}

/** A stack is known by its interface: whatever middlewares are given as `stack` is the same type as `new Stack()`. */
export type Stack = StackInterface
/** @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`. */
export const Stack: new (options?: StackOptions) => Stack = MiddlewareStack
