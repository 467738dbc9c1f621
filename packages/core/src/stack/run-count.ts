/** How often the handlers of one chain were called, and what came of it. */
import type { HandlerActivity } from '../contract/index.ts'
import type { Step } from './step.ts'
import { Tally } from './tally.ts'

export class RunCount {
  /** Runs that the guard ended before the first handler. */
  barred = 0
  readonly #callback: string
  /** Each handler is called, whatever the others do. */
  readonly #isForAll: boolean
  /** Also of those who are in the chain no more: they may come back. */
  readonly #tallies = new Map<Step['owner'], Tally>()

  constructor(callback: string, isForAll: boolean) {
    this.#callback = callback
    this.#isForAll = isForAll
  }

  tallyOf(owner: Step['owner']): Tally {
    const known = this.#tallies.get(owner)
    if (known !== undefined) return known
    const tally = new Tally()
    this.#tallies.set(owner, tally)
    return tally
  }

  /** Counts so many runs that began. */
  add(runs: number, steps: readonly Step[]): void {
    let came = runs - this.barred
    this.barred = 0
    for (const { tally } of steps) {
      const left = tally.count(came)
      if (!this.#isForAll) came = left
    }
  }

  activity(steps: readonly Step[]): HandlerActivity[] {
    return steps.map(({ owner, tally }) => {
      const { calls, ended, errors, waiting, timed, milliseconds, longest } = tally
      const about = { callback: this.#callback, middleware: owner.name }
      return { ...about, calls, ended, errors, waiting, timed, milliseconds, longest }
    })
  }
}
