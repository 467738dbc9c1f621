/** Work in steps of which most are done at once. */

/** Yields what has to be waited for; `undefined` where a step is done. */
export type Steps<Result = void> = Generator<unknown, Result, void>

/** Where work in steps is: what it waits for now, and how many steps it has waited for. */
interface Place {
  later: unknown
  count: number
}

/** On the promise that the work answered with; there may be one for every message, as of `bounded`. */
const PLACE = Symbol('place')

type Placed = { [PLACE]?: Place | undefined }

/**
 * Takes the steps one after the other. It reads as an async function does, a `yield` for each `await`, but waits only
 * where a step answers with a promise: answers the result itself when none did. A rejection is thrown at its `yield`.
 */
export function proceed<Result>(steps: Steps<Result>): Result | Promise<Result> {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value as Result
    if (value === undefined) continue
    const place = { later: value, count: 1 }
    const whole = wait(steps, place)
    ;(whole as Placed)[PLACE] = place
    return whole
  }
}

/**
 * Where the work behind a promise is: the promise of the innermost step that it waits for, and a count that has grown
 * whenever it has moved. Of a promise that is no work in steps: itself, and 0.
 */
export function whereabouts(promise: unknown): { later: unknown; count: number } {
  let later = promise
  let count = 0
  for (;;) {
    const place = (later as Placed | null | undefined)?.[PLACE]
    if (place === undefined) return { later, count }
    later = place.later
    count += place.count
  }
}

async function wait<Result>(steps: Steps<Result>, place: Place): Promise<Result> {
  for (;;) {
    const { done, value } = await settle(steps, place.later)
    if (done === true) return value as Result
    place.later = value
    place.count++
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
