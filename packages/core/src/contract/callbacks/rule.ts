/** How the answers of several handlers of one callback become one. */

import type { Done } from '../done.ts'
import type { Stack } from '../stack.ts'

/**
 * `all`: everybody is called, in order. `first`: the first who decides ends the chain. `veto`: one yes is needed, and the
 * first no ends the chain. `one`: one middleware answers, and `start()` refuses a second. `each`: everybody is called, one
 * after the other (at once where the rule has `patience`); no error and no `done` keeps others from being called. `told`: as `each`, but who executes it does not
 * wait. An error under `each` or `told` does not reach who executes the callback: it goes to `errorHandler`.
 */
export type MergeRule = 'all' | 'first' | 'veto' | 'one' | 'each' | 'told'

/** The rule of a callback; the dispatcher enforces it. */
// biome-ignore lint/suspicious/noExplicitAny: context and store of any callback
export interface CallbackRule<Store = any, Context = any> {
  readonly merge: MergeRule
  /** Whether the store has the answer: this ends the chain. By default `valid` of `first` and `veto`. */
  readonly stops?: (store: Store) => boolean
  /** Notes in the store that a handler ended the chain with `done`. */
  readonly ended?: (store: Store) => void
  /** Makes the store for those who execute the callback and bring none. By default it is an empty object. */
  readonly newStore?: () => Store
  /** What a stack means in which somebody answers and nobody asks: `start()` warns in these words. */
  readonly unasked?: string
  /** Who answers later than by return, or by calling `next` at once, fails the chain with `ANSWER_INVALID`. */
  readonly synchronous?: boolean
  /**
   * Called before everybody who answers, wherever they stand: for what no middleware may open. Answers by return; `DONE`
   * ends the chain before it began. Not for `each` and `told`, which nothing ends.
   */
  readonly guard?: (ctx: Context, store: Store, stack: Stack) => void | Done
  /**
   * Looks at the question before anybody is asked, also where nobody answers; throws where it is none. Of `each` this is
   * how a wrong question reaches who asks.
   */
  readonly check?: (ctx: Context) => void
  /** What to do where nobody in the stack answers, such as `add @mqtt-stack/metrics`: whoever asks fails with it (`CALLBACK_UNANSWERED`). */
  readonly unanswered?: string
  /**
   * Of `each`, where the store is a list that each pushes to: how long handlers are waited for, in ms, and no longer than
   * the stall timeout. Nobody waits for another: each has a list of its own, which are put together in order.
   */
  readonly patience?: number
  /** Of `each`: notes in the store that a handler failed, or had not answered in time. `errorHandler` is told as well. */
  readonly failed?: (store: Store, middleware: string, error: Error) => void
  /** Whether a middleware is asked at all: one that is not is passed over. By default everybody who answers is. */
  readonly asks?: (ctx: Context, middlewareName: string) => boolean
}

/** Context and store of a callback, as the interface `Callbacks` has them. */
interface CallbackType {
  readonly ctx: unknown
  readonly store: unknown
  /** Its handlers answer by return: their type has no promise, and the rule says so too. */
  readonly synchronous?: true
}

/**
 * The rule of one callback, as `RuleOf<Callbacks['lookupPrice']>`: it makes the store where an empty object is none, and is
 * `synchronous` where the type says so.
 */
export type RuleOf<Callback extends CallbackType> = CallbackRule<Callback['store'], Callback['ctx']> &
  (Record<never, never> extends Callback['store']
    ? unknown
    : { readonly newStore: () => Callback['store'] }) &
  (Callback extends { readonly synchronous: true } ? { readonly synchronous: true } : unknown)

/** The rules of several callbacks. */
export type RulesOf<Group extends { [Name in keyof Group]: CallbackType }> = {
  readonly [Name in keyof Group]: RuleOf<Group[Name]>
}

/** What ends a chain early under a rule. */
// biome-ignore lint/suspicious/noExplicitAny: a store of any callback
export function stopsOf(rule: CallbackRule): ((store: any) => boolean) | undefined {
  if (rule.stops !== undefined) return rule.stops
  if (rule.merge === 'first') return (store) => store.valid !== undefined
  if (rule.merge === 'veto') return (store) => store.valid === false
  return undefined
}
