import type { CallbackName, Store } from './callbacks/index.ts'

/** What one middleware did about a question. */
export interface TraceStep<Name extends CallbackName = CallbackName> {
  readonly middleware: string
  /** Somebody before it had not ended the chain, and the client's listener asks it. */
  readonly asked: boolean
  /** What it changed in the store, by key. */
  readonly said: Partial<Store<Name>>
  /** It ended the chain, by its answer or by `done`. */
  readonly ended: boolean
  /** It failed, which ends the chain too. */
  readonly error: Error | undefined
  /** How long it took to answer; `undefined` where it was not called, or has not answered. */
  readonly milliseconds: number | undefined
}

/** What came of a question, and what each who may answer it did, in order. */
export interface Trace<Name extends CallbackName = CallbackName> {
  readonly store: Store<Name>
  readonly steps: readonly TraceStep<Name>[]
}
