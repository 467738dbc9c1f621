/** The middlewares of a stack, and the chains that are compiled of them: one for each callback and packet type. */
import type { CallbackRule, MiddlewareLike } from '../contract/index.ts'
import { CALLBACKS, MEMBERS, stopsOf } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import { PACKET_TYPES } from '../packets/index.ts'
import { HandlerChain } from './chain.ts'
import { chainOf } from './chain-of.ts'
import { member } from './member.ts'
import type { ChainHost, Step } from './step.ts'

/** A handler that no chain has been given yet. */
type UnusedStep = Omit<Step, 'tally'>

/** A handler with this many parameters declares `next`. */
const ASKING = 3

export class Registry {
  /** In the order of `use()`. */
  readonly middlewares: MiddlewareLike[] = []
  readonly rules: ReadonlyMap<string, CallbackRule>
  /** By the number that a packet's first byte has for its type. */
  readonly packets: readonly HandlerChain[]
  readonly #rules = new Map<string, CallbackRule>(Object.entries(CALLBACKS))
  readonly #callbacks = new Map<string, HandlerChain>()
  readonly #host: ChainHost

  constructor(host: ChainHost) {
    this.#host = host
    this.rules = this.#rules
    for (const [name, rule] of this.#rules) this.#callbacks.set(name, chainOf(name, host, rule))
    this.packets = PACKET_TYPES.map((type) => new HandlerChain(`handle ${type}`, host))
  }

  /**
   * Puts a middleware behind the others; {@link compile} puts it into the chains.
   * @throws StackError `MIDDLEWARE_INVALID`, and what {@link define} throws.
   */
  add(middleware: MiddlewareLike): void {
    if (typeof middleware !== 'object' || middleware === null || typeof middleware.name !== 'string') {
      throw new StackError(
        'MIDDLEWARE_INVALID',
        `use() takes an object with a name, not ${String(middleware)}`,
      )
    }
    for (const [name, rule] of Object.entries(middleware.defines ?? {})) this.define(name, rule)
    this.middlewares.push(middleware)
  }

  /** @throws StackError `CALLBACK_RESERVED` or `CALLBACK_REDEFINED`. */
  define(name: string, rule: CallbackRule): void {
    if (MEMBERS.has(name))
      throw new StackError('CALLBACK_RESERVED', `"${name}" is a member of every middleware, not a callback`)
    const known = this.#rules.get(name)
    if (known === rule) return
    if (known !== undefined)
      throw new StackError('CALLBACK_REDEFINED', `callback "${name}" is defined already`)
    this.#rules.set(name, rule)
    this.#callbacks.set(name, chainOf(name, this.#host, rule))
    this.compile()
  }

  /** @throws StackError `CALLBACK_UNKNOWN`. */
  chain(name: string): HandlerChain {
    const chain = this.#callbacks.get(name)
    if (chain === undefined)
      throw new StackError('CALLBACK_UNKNOWN', `nobody defined the callback "${String(name)}"`)
    return chain
  }

  /** All chains: those of packets, then those of callbacks. */
  *chains(): Iterable<HandlerChain> {
    for (const [number, type] of PACKET_TYPES.entries()) if (type !== undefined) yield this.packets[number]
    yield* this.#callbacks.values()
  }

  /** Looks at who handles and answers what, and gives each chain its steps. */
  compile(): void {
    for (const [number, type] of PACKET_TYPES.entries()) {
      if (type === undefined) continue
      const takers = this.middlewares.filter(
        ({ handle, handles }) => handle !== undefined && (handles?.includes(type) ?? true),
      )
      const chain = this.packets[number]
      chain.use(takers.map((owner) => this.#heard(toStep(owner, 'handle'), chain.name, undefined)))
    }
    for (const [name, chain] of this.#callbacks) {
      const rule = this.#rules.get(name) as CallbackRule
      const { asks } = rule
      const handlers = this.inOrder()
        .filter((owner) => typeof member(owner, name) === 'function')
        .map((owner) => this.#heard(toStep(owner, name), name, rule))
      chain.use(asks === undefined ? handlers : handlers.map((one) => onlyWhenAsked(one, chain, asks)))
    }
  }

  /** Whoever watches for ends hears of those of this handler. */
  #heard(step: UnusedStep, callback: string, rule: CallbackRule | undefined): UnusedStep {
    if (rule?.merge === 'each' || rule?.merge === 'told') return step
    return this.#host.watch.ends.heard(step, callback, rule && stopsOf(rule))
  }

  /** The order of callbacks, start and stop: that of `use()`, stores behind all others. */
  inOrder(): MiddlewareLike[] {
    const behind = (middleware: MiddlewareLike): number => (middleware.last === true ? 1 : 0)
    return [...this.middlewares].sort((a, b) => behind(a) - behind(b))
  }
}

function toStep(owner: MiddlewareLike, name: string): UnusedStep {
  const handler = member(owner, name) as Step['handler']
  return { owner, handler, asks: handler.length >= ASKING }
}

/** Passes over its owner where the rule says that it is not asked. */
function onlyWhenAsked(
  step: UnusedStep,
  chain: HandlerChain,
  asks: NonNullable<CallbackRule['asks']>,
): UnusedStep {
  const { owner, handler } = step
  const wrapped: Step['handler'] = (ctx, store, next, done) => {
    if (asks(ctx, owner.name)) return handler.call(owner, ctx, store, next, done)
    chain.passOver(owner)
    if (step.asks) next()
  }
  return { owner, handler: wrapped, asks: step.asks }
}
