import type { CallbackName, Context, Store } from './callbacks/index.ts'

/** Those who answer one callback, in order: for whoever executes it often. It stays valid when middlewares join. */
export interface Chain<Name extends CallbackName = CallbackName> {
  readonly name: string
  /** Whether anybody answers. */
  readonly answered: boolean
  /** The middleware that answers, where no other does. */
  readonly sole: { readonly name: string } | undefined
  /**
   * Calls the handlers in order: nothing when all answered at once, a promise otherwise. Throws, or rejects with, the
   * first handler's error.
   */
  run(ctx: Context<Name>, store: Store<Name>): void | Promise<void>
}
