/**
 * On promises that settle in time whatever happens. A WeakSet of them would be gone through by every garbage collection,
 * and there is one for every message that waits for a commit.
 */
const IN_TIME = Symbol('settles in time')

type Marked = { [IN_TIME]?: boolean }

/**
 * Says of a promise that whoever made it sees to it that it settles: a handler that waits for it, in steps, or answers
 * with it is not told to be stalled. Chains do so, for each of their handlers has its time.
 */
export function bounded<Value>(promise: Promise<Value>): Promise<Value> {
  ;(promise as Marked)[IN_TIME] = true
  return promise
}

/** Whether somebody said so of it with {@link bounded}. */
export function isBounded(promise: unknown): boolean {
  return (promise as Marked | undefined)?.[IN_TIME] === true
}
