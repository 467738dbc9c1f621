const pause = new Int32Array(new SharedArrayBuffer(4))
/** Turns of the event loop that a store in memory may take. */
const QUICK = 200

/**
 * `settle()` waits for turns of the event loop, and sees no thread of a database at work: here a turn follows as long as
 * one is. Behind the first ones a turn takes a millisecond, for `settle()` does not wait for ever, and a disk may be slow.
 */
export function seen<T>(work: T | Promise<T>): T | Promise<T> {
  return work instanceof Promise ? whileUnder(work) : work
}

async function whileUnder<T>(work: Promise<T>): Promise<T> {
  let under = true
  let turns = 0
  const turn = (): void => {
    if (!under) return
    if (++turns > QUICK) Atomics.wait(pause, 0, 0, 1)
    setImmediate(turn)
  }
  turn()
  try {
    return await work
  } finally {
    under = false
  }
}
