/** Time as the stack sees it: real, or virtual in tests. */

/** What {@link Clock.every} and {@link Clock.after} hand out. */
export interface Timer {
  /** Never fires again. */
  cancel(): void
}

/** The only source of time in core and the built-ins; `@mqtt-stack/testing` has a virtual one. */
export interface Clock {
  /**
   * Milliseconds since some fixed moment of this process; never goes back and never jumps. All instants inside a process
   * are of this clock: `expiresAt` of messages and sessions, time-outs, the times of wills.
   */
  now(): number
  /**
   * Milliseconds since 1970, as the machine was told: it may be set back or forward at any time. For what outlives the
   * process, and for people; see {@link toWall}.
   */
  wall(): number
  /** Calls `task` once, `ms` milliseconds from now. Keeps no process alive. */
  after(ms: number, task: () => void): Timer
  /** Calls `task` every `ms` milliseconds. Keeps no process alive. */
  every(ms: number, task: () => void): Timer
}

/**
 * What a store that outlives the process writes down for an instant of {@link Clock.now}: the same instant in
 * milliseconds since 1970. 0 (never) and infinity stay as they are.
 */
export function toWall(clock: Clock, at: number): number {
  return at === 0 || !Number.isFinite(at) ? at : clock.wall() + at - clock.now()
}

/**
 * The instant of {@link Clock.now} for what {@link toWall} wrote down, in this process or an earlier one; negative for
 * what was over before this process began. Call it once, when the store is read, not at each look at it.
 * @param longest Seconds that the interval had when it began. Where the wall clock was set back meanwhile, no more than
 *   that is left.
 */
export function fromWall(clock: Clock, wall: number, longest: number = Number.POSITIVE_INFINITY): number {
  if (wall === 0 || !Number.isFinite(wall)) return wall
  const left = Math.min(wall - clock.wall(), longest * 1_000)
  // 0 stands for never.
  return clock.now() + left || -1
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
