/** What middlewares, and those who put them together, see of a stack. */
import type { Duplex } from 'node:stream'
import type { Ledger, Members } from '../memory/index.ts'
import type { Packet, PacketType, ReasonCode } from '../packets/index.ts'
import type { Clock, Pace, Turn } from '../time/index.ts'
import type { CallbackName, CallbackRule, Callbacks, Context, RuleOf, Store } from './callbacks/index.ts'
import type { Chain } from './chain.ts'
import type { Client } from './client.ts'
import type { Listener } from './listener.ts'
import type { Log } from './log/index.ts'
import type { MessageSampler, MessageSamples } from './message-samples.ts'
import type { MessageWaits } from './message-waits.ts'
import type { MiddlewareLike } from './middleware.ts'
import type { Observation } from './observation.ts'
import type { Resolved } from './options.ts'
import type { StackOptions } from './stack-options.ts'
import type { Trace } from './trace.ts'
import type { Traffic } from './traffic.ts'

/** Called when `execute` is through: with the first handler's error, or with none. */
export type ExecuteCallback<Name extends CallbackName> = (
  error: Error | null,
  ctx: Context<Name>,
  store: Store<Name>,
) => void

/** Middlewares in order, and the callbacks by which they ask and tell each other. */
export interface Stack {
  readonly config: Resolved<StackOptions>
  readonly clock: Clock
  /** Writes to the logger of the options: lines with a name and fields, which may hold what a client sent. */
  readonly log: Log
  /** What clients make the broker keep, in bytes. */
  readonly ledger: Ledger
  /** Packets and bytes of all connections, those that are over included. */
  readonly traffic: Traffic
  /** Internal: which messages are measured; see {@link sampleMessages}. */
  readonly samples: MessageSamples
  /** Whoever lets messages wait for clients tells it: how long those wait that are sampled. */
  readonly waits: MessageWaits
  /** Shares out the turns of the event loop among work that may be long. */
  readonly pace: Pace
  /**
   * The end of a turn of the event loop, for work that is put off until all that arrived together has been handled:
   * `turn.add(task)` calls `task.endTurn()` once, then. What it writes goes out in the same turn.
   */
  readonly turn: Pick<Turn, 'add'>
  /** What its middlewares do, how often and how long: for metrics, and for those who follow somebody. */
  readonly observation: Observation
  /** Everybody connected, in the order in which they came. */
  readonly clients: Members<Client>
  /** In the order of `use()`. */
  readonly middlewares: readonly MiddlewareLike[]
  /** Settles as {@link start} did; `undefined` before it. */
  readonly started: Promise<void> | undefined

  /**
   * Adds middlewares behind those that are there.
   * @throws StackError `MIDDLEWARE_INVALID`, what {@link define} throws, or `STACK_RUNNING` after start.
   */
  use(...middlewares: MiddlewareLike[]): this
  /**
   * Makes a callback known, with its rule; its types are merged into the interface `Callbacks`.
   * @throws StackError `CALLBACK_RESERVED` or `CALLBACK_REDEFINED`.
   */
  define<Name extends string>(
    name: Name,
    rule: Name extends CallbackName ? RuleOf<Callbacks[Name]> : CallbackRule,
  ): this
  /** Whether its middlewares fit together. @throws StackError as {@link start}, which looks first; nothing is opened. */
  check(): void
  /** Looks again at who answers what: for a middleware whose handlers come and go. */
  refresh(): void

  /**
   * Tells of the times that messages take, for a few of them: relay, and from their bytes to the sockets of receivers,
   * waits included.
   * While nobody samples it costs a comparison a message. Answers what ends it.
   */
  sampleMessages(sampler: MessageSampler): () => void

  /**
   * Executes a callback; resolves with the store, rejects with the first handler's error. Before {@link start} those are not
   * asked who make ready there: it rejects with `STACK_NOT_STARTED`, and so do all others that execute a callback.
   * @param store By default the one that the callback's rule makes: a list for lookups, for instance.
   */
  call<Name extends CallbackName>(name: Name, ctx: Context<Name>, store?: Store<Name>): Promise<Store<Name>>
  /**
   * Executes a callback as {@link call} does, and tells what each handler did. Ask with `dry: true` in the context where
   * the callback has it, so that nobody counts what has not happened. A handler's error is in its step: it rejects
   * with `STACK_NOT_STARTED` alone.
   */
  trace<Name extends CallbackName>(name: Name, ctx: Context<Name>, store?: Store<Name>): Promise<Trace<Name>>
  /** Tells everybody who listens. Their errors are theirs: nothing comes back, and nobody else misses it. */
  tell<Name extends CallbackName>(name: Name, ctx: Context<Name>): void
  /**
   * Executes a callback and calls back: at once when all answered at once.
   * @param store By default the one that the callback's rule makes.
   */
  execute<Name extends CallbackName>(
    name: Name,
    ctx: Context<Name>,
    store?: Store<Name>,
    callback?: ExecuteCallback<Name>,
  ): void
  /**
   * Executes a callback for handlers that answer by return: nothing when all answered at once, a promise otherwise.
   * Throws, or rejects with, the first handler's error.
   */
  run<Name extends CallbackName>(name: Name, ctx: Context<Name>, store: Store<Name>): void | Promise<void>
  /** Whether anybody handles packets of a type. */
  handles(type: PacketType): boolean
  /** Whether anybody answers a callback. */
  answers(name: CallbackName): boolean
  /**
   * The chain of a callback, for those who run it often: `chain.run(ctx, store)` is what {@link run} does, and
   * `chain.answered` tells whether anybody listens.
   * @throws StackError `CALLBACK_UNKNOWN`.
   */
  chain<Name extends CallbackName>(name: Name): Chain<Name>

  /**
   * Checks the stack and starts its middlewares, last to first; those that had started are stopped if one fails.
   * @throws StackError for what is wrong with the stack, with a listing of who answers what.
   */
  start(): Promise<void>
  /** Closes all connections, waits until they are settled, and stops the middlewares, first to last. */
  stop(): Promise<void>
  /**
   * A listener for `net.createServer`, `tls.createServer` and the like. Starts the stack if nobody has; a stream that
   * comes before it is ready waits. Without a `listener`, each socket's own address says whether it is local.
   * @throws StackError as {@link start} does.
   */
  handler(listener?: Listener): (stream: Duplex) => void
  /** Serves one stream. Without a `listener` it is local where it is a socket of a loopback peer or of a Unix socket. */
  connect(stream: Duplex, listener?: Listener): Client
  /** Who answers what, one middleware a line. */
  toString(): string

  /** Ends a connection: executes closeClient, and closes it in any case. */
  closeClient(client: Client, reasonCode: ReasonCode, reason: string, cause?: Error): void
  /**
   * Goes on with a packet that `owner` kept back, at the handler behind it: return it from the handler of the packet
   * that it waited for, so that the client's packets stay in order.
   */
  resume(owner: MiddlewareLike, client: Client, packet: Packet): void | Promise<void>
  /**
   * Starts work that nobody waits for. What it throws, or rejects with, goes to `errorHandler`.
   * @param client Whose work it is: it is closed where the work fails.
   */
  background(work: () => unknown, client?: Client): void
  /** An error that no caller waits for: goes to `errorHandler`. */
  fail(error: Error, client: Client | undefined, packet: Packet | undefined): void
  /** Whether the broker alone may publish to a topic (option `controlTopics`); relayMessage keeps clients out of it. */
  isControlTopic(topic: string): boolean
}
