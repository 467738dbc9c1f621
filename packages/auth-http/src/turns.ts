/** So many at a time, and so many that wait. */
import type { Clock } from '@mqtt-stack/core'
import { Busy } from './failures.ts'

interface Waiter {
  readonly begin: () => void
}

export class Turns {
  readonly #most: number
  readonly #mostWaiting: number
  readonly #patience: number
  readonly #waiting = new Set<Waiter>()
  #under = 0

  /** @param patience How long one waits for its turn, in ms. */
  constructor(most: number, mostWaiting: number, patience: number) {
    this.#most = most
    this.#mostWaiting = mostWaiting
    this.#patience = patience
  }

  /** How many are under way. */
  get running(): number {
    return this.#under
  }

  /** Does the work once it is its turn; rejects with {@link Busy} where too many wait, or it waits for too long. */
  async take<Result>(clock: Clock, work: () => Promise<Result>): Promise<Result> {
    if (this.#under >= this.#most) await this.#wait(clock)
    else this.#under++
    try {
      return await work()
    } finally {
      this.#handOn()
    }
  }

  #wait(clock: Clock): Promise<void> {
    if (this.#waiting.size >= this.#mostWaiting) return Promise.reject(new Busy('too many questions wait'))
    return new Promise((resolve, reject) => {
      const timer = clock.after(this.#patience, () => {
        this.#waiting.delete(waiter)
        reject(new Busy(`its turn did not come within ${this.#patience} ms`))
      })
      const waiter = {
        begin() {
          timer.cancel()
          resolve()
        },
      }
      this.#waiting.add(waiter)
    })
  }

  /** The turn goes to who waits longest. */
  #handOn(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#under--
      return
    }
    this.#waiting.delete(next)
    next.begin()
  }
}
