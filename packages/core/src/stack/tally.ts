/**
 * What one handler of one chain has done. A run that goes through all handlers touches none of it: who was called is
 * worked out of how many runs began and where runs ended.
 */
export class Tally {
  /** Runs that began with this handler: what was kept back, and goes on here. */
  entered = 0
  /** Runs that it ended with `done`, or by the answer that it left in the store. */
  ended = 0
  errors = 0
  /** Runs that wait for it now. */
  waiting = 0
  /** Runs that passed over it: the client's listener does not ask it. */
  passed = 0
  /** Runs of which the time was taken, and their times until the answer, in milliseconds. */
  timed = 0
  milliseconds = 0
  longest = 0
  #calls = 0
  /** Runs that came here and went no further, when that was counted last. */
  #stayed = 0

  get calls(): number {
    return this.#calls - this.passed
  }

  /** Counts the runs that came here since the last time; answers how many of all went on behind it. */
  count(came: number): number {
    const all = came + this.entered
    this.entered = 0
    this.#calls += all
    const stayed = this.ended + this.errors + this.waiting
    const left = all - (stayed - this.#stayed)
    this.#stayed = stayed
    return left
  }

  /** Takes the time of one run. */
  took(milliseconds: number): void {
    this.timed++
    this.milliseconds += milliseconds
    if (milliseconds > this.longest) this.longest = milliseconds
  }
}
