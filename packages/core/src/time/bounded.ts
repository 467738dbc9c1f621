/** Promises that settle in time whatever happens. */
const inTime = new WeakSet<object>()

/**
 * Says of a promise that whoever made it sees to it that it settles: a handler that waits for it, in steps, or answers
 * with it is not told to be stalled. Chains do so, for each of their handlers has its time.
 */
export function bounded<Value>(promise: Promise<Value>): Promise<Value> {
  inTime.add(promise)
  return promise
}

/** Whether somebody said so of it with {@link bounded}. */
export function isBounded(promise: unknown): boolean {
  return inTime.has(promise as object)
}
