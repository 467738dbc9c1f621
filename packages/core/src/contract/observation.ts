/** What a stack knows of the work of its middlewares. */
import type { Client } from './client.ts'
import type { MiddlewareLike } from './middleware.ts'
import type { TraceStep } from './trace.ts'

/** What one handler of one callback, or of one packet type, has done since it was there. */
export interface HandlerActivity {
  /** The callback, or `handle publish` and the like. */
  readonly callback: string
  readonly middleware: string
  readonly calls: number
  /** How often it ended the chain: with `done`, or by the answer that it left in the store, such as a veto. */
  readonly ended: number
  readonly errors: number
  /** Runs that wait for its answer now. */
  readonly waiting: number
  /** Calls whose time was taken; the times until the answer are their sum. */
  readonly timed: number
  readonly milliseconds: number
  /** The longest of them, in milliseconds. */
  readonly longest: number
}

/** One run of one chain, with what each handler did. */
export interface FollowedRun {
  /** The callback, or `handle publish` and the like. */
  readonly callback: string
  readonly client: Client | undefined
  /** The callback's context; of packets the client. */
  readonly ctx: unknown
  /** The callback's store; of packets the packet. */
  readonly store: unknown
  readonly steps: readonly TraceStep[]
  /** When it began, by a clock that only grows, and how long it took, in milliseconds. */
  readonly since: number
  readonly milliseconds: number
  /** With what it failed. */
  readonly error: Error | undefined
}

/** Who looks on at runs as they happen. What it throws goes to `errorHandler`, and it follows no more. */
export interface Follower {
  /**
   * Whether this run is followed; asked before each run of each chain, and so to be answered quickly.
   * @param store Of packets the packet; of callbacks that are told nothing.
   */
  wants(client: Client | undefined, ctx: unknown, callback: string, store: unknown): boolean
  /** Told when the run is over. Runs that were started by its handlers were told before it. */
  ran(run: FollowedRun): void
}

/** One run that went no further than one handler. */
export interface EndedRun {
  /** The callback, or `handle publish` and the like. */
  readonly callback: string
  readonly middleware: string
  /** The callback's context; of packets the client. */
  readonly ctx: unknown
  /** The callback's store as the handler left it; of packets the packet. */
  readonly store: unknown
  /** With what it failed; absent: it answered `done`, or left its answer in the store, as a veto does. */
  readonly error: Error | undefined
}

/** Who wants to know which handlers end chains. What it throws goes to `errorHandler`, and it is told no more. */
export interface EndWatcher {
  /** Whether it is told of this handler; asked when the chains are put together, and not for each run. */
  wants(callback: string, middleware: MiddlewareLike): boolean
  /** Told when the handler has answered, before its chain is over. Also of runs of `stack.trace`, which may be `dry`. */
  ended(run: EndedRun): void
}

/** What is known of handlers: what they did is always counted, and the rest costs nothing until somebody asks for it. */
export interface Observation {
  /** What each handler has done, in the order in which a chain calls them. */
  activity(): readonly HandlerActivity[]
  /**
   * Takes the times of some runs of each chain: of the first and of all that are rare, and of one in `every` (1,024 by
   * default) at least where thousands run in a second. Several who ask get the closest spacing that one of them asked for.
   * @returns What ends it.
   * @throws StackError `OPTION_INVALID` where `every` is no whole number from 1 on.
   */
  time(every?: number): () => void
  /**
   * Shows runs to a follower from now on: handlers are called as ever.
   * @returns What ends it.
   */
  follow(follower: Follower): () => void
  /**
   * Tells a watcher each time that a handler which it wants ends a chain: with `done`, by the answer that it left in the
   * store, or by failing. Not of callbacks of the rules `each` and `told`, which nothing ends. Handlers that nobody wants
   * are called as ever.
   * @returns What ends it.
   */
  watchEnds(watcher: EndWatcher): () => void
}
