/** Executes a callback for those who want to be called back. */
import type { HandlerChain } from './chain.ts'
import type { Anything } from './step.ts'

/**
 * Calls back at once when all answered at once.
 * @param given The store; without it the one that the callback's rule makes.
 * @param report Takes what the callback itself throws later: that is not the chain's error.
 */
export function executeChain(
  chainOf: () => HandlerChain,
  ctx: Anything,
  given: Anything,
  callback: (error: Error | null, ctx: Anything, store: Anything) => void,
  report: (error: Error) => void,
): void {
  let store = given
  let later: void | Promise<void>
  try {
    const chain = chainOf()
    store ??= chain.newStore()
    later = chain.run(ctx, store)
  } catch (error) {
    callback(error as Error, ctx, store)
    return
  }
  if (later === undefined) callback(null, ctx, store)
  else {
    later
      .then(
        () => callback(null, ctx, store),
        (error: Error) => callback(error, ctx, store),
      )
      .catch(report)
  }
}
