/**
 * Looking for who is late. Where the event loop was held, whoever looks is late as well, and what the others sent in
 * time may wait in their sockets: those are read first, then it is judged.
 */
import type { Clock, Timer } from './clock.ts'

/** Calls `judge` once, `ms` milliseconds from now at the earliest, when what has come by then was read. */
export function judgeAfter(clock: Clock, ms: number, judge: () => void): Timer {
  return judging(judge, (task) => clock.after(ms, task))
}

/** Calls `judge` every `ms` milliseconds, each time when what has come by then was read. */
export function judgeEvery(clock: Clock, ms: number, judge: () => void): Timer {
  return judging(judge, (task) => clock.every(ms, task))
}

function judging(judge: () => void, start: (task: () => void) => Timer): Timer {
  let cancelled = false
  // Between a timer and what is immediate stands the phase of the event loop that reads.
  const timer = start(() => {
    setImmediate(() => {
      if (!cancelled) judge()
    })
  })
  return {
    cancel() {
      cancelled = true
      timer.cancel()
    },
  }
}
