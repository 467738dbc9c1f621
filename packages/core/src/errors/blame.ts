/** Whose error it is: which middleware was running, and in which callback. */
import { StackError } from './errors.ts'

/** Who was running when an error came up. */
export interface Blame {
  /** Name of the middleware. */
  readonly middleware: string
  /** The callback it was answering, or `handle publish` and the like. */
  readonly callback: string
}

const blames = new WeakMap<Error, Blame>()

/** The middleware and callback an error came out of; `undefined` for errors that no handler raised. */
export function blameOf(error: Error): Blame | undefined {
  return blames.get(error)
}

/** Notes whose error it is, first blame wins; what is not an Error becomes one. */
export function blame(thrown: unknown, middleware: string, callback: string): Error {
  const error =
    thrown instanceof Error
      ? thrown
      : new StackError('HANDLER_FAILED', `${middleware} failed in ${callback}: ${String(thrown)}`, {
          cause: thrown,
        })
  if (!blames.has(error)) blames.set(error, { middleware, callback })
  return error
}
