/**
 * Timers that look for clients which are late. If the event loop was blocked, the timer is late too, and what clients sent
 * in time may still wait in their sockets. So the sockets are read first, and then the clients are judged.
 */
import type { Clock, Timer } from './clock.ts'

/** A turn of the event loop that took so many milliseconds may have left sockets unread: another turn is waited for. */
const LONG = 20
/** How many turns are waited for at most. */
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
  /** The event loop reads from sockets between a timer and `setImmediate`. */
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
