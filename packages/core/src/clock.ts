/** Time as the stack sees it: real, or virtual in tests. */

/** What {@link Clock.every} and {@link Clock.after} hand out. */
export interface Timer {
  /** Never fires again. */
  cancel(): void
}

/** The only source of time in core and the built-ins; `@mqtt-stack/testing` has a virtual one. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. For time-outs. */
  now(): number
  /** Milliseconds since 1970. For what is stored and outlives the process. */
  wall(): number
  /** Calls `task` once, `ms` milliseconds from now. Keeps no process alive. */
  after(ms: number, task: () => void): Timer
  /** Calls `task` every `ms` milliseconds. Keeps no process alive. */
  every(ms: number, task: () => void): Timer
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  every(ms, task) {
    const timer = setInterval(task, ms)
    timer.unref()
    return { cancel: () => clearInterval(timer) }
  },
}
