import { isPromise } from './is-promise.ts'

/** Starts work that nobody waits for; what it throws, or rejects with, goes to `fail`. */
export function begin(work: () => unknown, fail: (error: Error) => void): void {
  try {
    const later = work()
    if (isPromise(later)) later.then(undefined, fail)
  } catch (error) {
    fail(error as Error)
  }
}
