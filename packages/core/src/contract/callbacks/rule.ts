/** How the answers of several handlers of one callback become one. */

/**
 * `all`: everybody is called, in order. `first`: the first who decides ends the chain. `veto`: one yes is needed, and the
 * first no ends the chain. `one`: one middleware answers, and `start()` refuses a second. `each`: everybody is called, one
 * after the other; no error and no `done` keeps others from being called. `told`: as `each`, but who executes it does not
 * wait. An error under `each` or `told` does not reach who executes the callback: it goes to `errorHandler`.
 */
export type MergeRule = 'all' | 'first' | 'veto' | 'one' | 'each' | 'told'

/** The rule of a callback; the dispatcher enforces it. */
export interface CallbackRule {
  readonly merge: MergeRule
  /** Whether the store has the answer: this ends the chain. By default `valid` of `first` and `veto`. */
  // biome-ignore lint/suspicious/noExplicitAny: a store of any callback
  readonly stops?: (store: any) => boolean
  /** Notes in the store that a handler ended the chain with `done`. */
  // biome-ignore lint/suspicious/noExplicitAny: a store of any callback
  readonly ended?: (store: any) => void
}

/** What ends a chain early under a rule. */
// biome-ignore lint/suspicious/noExplicitAny: a store of any callback
export function stopsOf(rule: CallbackRule): ((store: any) => boolean) | undefined {
  if (rule.stops !== undefined) return rule.stops
  if (rule.merge === 'first') return (store) => store.valid !== undefined
  if (rule.merge === 'veto') return (store) => store.valid === false
  return undefined
}
