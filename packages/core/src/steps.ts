/** Work in steps of which most are done at once. */

/** Yields what has to be waited for; `undefined` where a step is done. */
export type Steps<Result = void> = Generator<unknown, Result, void>

/**
 * Takes the steps one after the other. It reads as an async function does, a `yield` for each `await`, but waits only
 * where a step answers with a promise: answers the result itself when none did. A rejection is thrown at its `yield`.
 */
export function proceed<Result>(steps: Steps<Result>): Result | Promise<Result> {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value as Result
    if (value !== undefined) return wait(steps, value)
  }
}

async function wait<Result>(steps: Steps<Result>, first: unknown): Promise<Result> {
  let later = first
  for (;;) {
    const { done, value } = await settle(steps, later)
    if (done === true) return value as Result
    later = value
  }
}

async function settle<Result>(
  steps: Steps<Result>,
  later: unknown,
): Promise<IteratorResult<unknown, Result>> {
  try {
    await later
  } catch (error) {
    return steps.throw(error)
  }
  return steps.next()
}
