/** What a middleware is: any object with some of these members. */
import { isDeepStrictEqual } from 'node:util'

import type { Packet, PacketType } from '../packets/index.ts'
import type { CallbackName, CallbackRule, Callbacks, Handler } from './callbacks/index.ts'
import type { Client } from './client.ts'
import type { Done } from './done.ts'
import type { Instead } from './instead.ts'
import type { ListenerLimits } from './listener.ts'
import type { OptionsSpec, Resolved } from './options.ts'
import { resolveOptions } from './options.ts'
import type { Stack } from './stack.ts'

/**
 * Goes on to the next handler, with `instead(packet)` with another packet; with an error, ends the chain with it. `done`
 * ends the chain at once.
 */
export type Next = (error?: unknown) => void

/** A handler for each callback that a middleware answers. Editors show its documentation because it is over `keyof`. */
export type Handlers = { [Name in keyof Callbacks]?: Handler<Name> | undefined }

/**
 * A middleware. A handler that declares `next` (three parameters or more) answers by calling `next` or `done`, now or
 * later; one that does not answers by return: nothing goes on, `DONE` stops, a promise does either later.
 */
export interface MiddlewareLike extends Handlers {
  /** Names it in errors and listings; need not be unique. */
  readonly name: string
  /** The packets that `handle` wants to see; absent: every packet. */
  readonly handles?: readonly PacketType[]
  /** Callbacks that it executes and that somebody in the stack must answer. */
  readonly requires?: readonly CallbackName[]
  /** Callbacks that it executes too; nobody answering them is fine. */
  readonly uses?: readonly CallbackName[]
  /**
   * It must stand behind every other middleware that executes one of these (names it in `requires` or `uses`): what
   * those decide has to be decided before it acts. `start()` refuses any other order.
   */
  readonly behind?: readonly CallbackName[]
  /**
   * Its callbacks come behind those of all others, wherever it stands: for stores, so that nothing is kept, and nobody
   * gets anything, that somebody refuses. It starts first and stops last.
   */
  readonly last?: boolean
  /** Callbacks of its own, with their rules: `use()` defines them. Two middlewares may share a rule, not differ in it. */
  readonly defines?: Readonly<Record<string, CallbackRule>>
  /** The stack it was given to; set by `use()`. */
  stack?: Stack
  /**
   * Looks at what it would need, and opens nothing: fails as `start` would, and answers what is weak, a sentence each. For
   * `mqtt-stack check`; a stack that runs never calls it.
   */
  check?(): readonly string[] | Promise<readonly string[]>
  /**
   * The groups of a user that it knows without a password, for `broker.explain`; `undefined`: it does not know the user.
   * A string says where the groups come from that are not known before the user comes: `the token`.
   */
  groupsOf?(identity: string): readonly string[] | string | undefined
  /**
   * Keeps the limits that listeners have of their own: all of them, before they open and whenever they change. Throws for
   * what it cannot keep; nothing has changed then.
   */
  limitListeners?(all: readonly ListenerLimits[]): void
  /**
   * Why a connection as this one would be refused now, before anybody is asked who it is; nothing is counted. For
   * `explain`: nobody connects.
   * @param username As the CONNECT would have it.
   */
  wouldRefuse?(client: Client, username: string | undefined): string | undefined
  /**
   * Whoever made the stack hands what it alone can do, before the stack starts: `@mqtt-stack/broker` a `BrokerOperator`,
   * with its listeners, its configuration and its log.
   */
  operatedBy?(operator: object): void
  /** Opens what it needs. Middlewares start last to first, so stores are open before those who use them. */
  start?(): void | Promise<void>
  /** Settles and closes. First to last; no client is connected any more. */
  stop?(): void | Promise<void>
  /** A connection was made; nothing has been read from it. May not assume that it will ever send a CONNECT. */
  install?: ((client: Client) => void) | undefined
  /**
   * A packet came. The client's next packet waits until this one is answered. The packet is read-only; `instead(packet)`
   * as answer puts a changed one in its place for all behind.
   */
  handle?(
    client: Client,
    packet: Packet,
    next: Next,
    done: Next,
  ): void | Done | Instead | Promise<void | Done | Instead>
}

/** Members that are no callbacks. */
export const MEMBERS: ReadonlySet<string> = new Set([
  'name',
  'handles',
  'defines',
  'requires',
  'uses',
  'behind',
  'last',
  'stack',
  'check',
  'limitListeners',
  'wouldRefuse',
  'start',
  'stop',
  'install',
  'handle',
  'config',
  'table',
  'groupsOf',
  'operatedBy',
  'reconfigure',
  'constructor',
])

/**
 * A convenient way to make a middleware: `class Mine extends Middleware<MyOptions>` with
 * `constructor(options) { super(options, spec) }`. Core never asks for this class.
 */
export abstract class Middleware<Options extends object = object> implements MiddlewareLike {
  /** The class name, unless a subclass says otherwise. */
  readonly name: string
  /** The options after defaults. */
  readonly config: Resolved<Options>
  /** The stack it was given to. */
  stack!: Stack
  readonly #spec: OptionsSpec<Options> | Options

  /** @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING`, `OPTION_INVALID`. */
  constructor(options?: Options, spec?: OptionsSpec<Options> | Options) {
    this.name = new.target.name
    this.#spec = spec ?? ({} as Options)
    this.config = resolveOptions(this.name, options, this.#spec)
  }

  /** The table of its options, for whoever reads them out of a file. */
  get table(): Readonly<Record<string, unknown>> {
    return this.#spec as Readonly<Record<string, unknown>>
  }

  /**
   * Takes over, of other options, those that may change while it runs: the rows of its table with `live`.
   * @returns The names of all others that differ: they stay as they are.
   * @throws StackError as the constructor; then nothing has changed.
   */
  reconfigure(options: Options): readonly string[] {
    const next = resolveOptions(this.name, options, this.#spec)
    const names = Object.keys(next) as (keyof Options & string)[]
    const changed = names.filter((name) => !isDeepStrictEqual(next[name], this.config[name]))
    const rows = this.#spec as Readonly<Record<string, { readonly live?: boolean } | undefined>>
    const live = changed.filter((name) => rows[name]?.live === true)
    const taken = Object.fromEntries(live.map((name) => [name, next[name]]))
    const mine = this as { config: Resolved<Options> }
    mine.config = { ...this.config, ...taken }
    return changed.filter((name) => !live.includes(name))
  }
}
