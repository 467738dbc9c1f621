/**
 * Looking for who is late. Where the event loop was held, whoever looks is late as well, and what the others sent in
 * time may wait in their sockets: those are read first, then it is judged.
 */
import type { Clock, Timer } from './clock.ts'

/** A phase that took so many milliseconds may have left unread what came meanwhile: one more is waited for. */
const LONG = 20
/** How many are waited for at most. */
const ROUNDS = 10

/** Calls `judge` once, `ms` milliseconds from now at the earliest, when what has come by then was read. */
export function judgeAfter(clock: Clock, ms: number, judge: () => void): Timer {
  return judging(clock, judge, (task) => clock.after(ms, task))
}

/** Calls `judge` every `ms` milliseconds, each time when what has come by then was read. */
export function judgeEvery(clock: Clock, ms: number, judge: () => void): Timer {
  return judging(clock, judge, (task) => clock.every(ms, task))
}

function judging(clock: Clock, judge: () => void, start: (task: () => void) => Timer): Timer {
  let cancelled = false
  /** Between here and what is immediate stands the phase of the event loop that reads. */
  const read = (rounds: number): void => {
    const before = clock.now()
    setImmediate(() => {
      if (cancelled) return
      if (clock.now() - before > LONG && rounds > 1) read(rounds - 1)
      else judge()
    })
  }
  const timer = start(() => read(ROUNDS))
  return {
    cancel() {
      cancelled = true
      timer.cancel()
    },
  }
}
