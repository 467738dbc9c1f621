import type { Clock, Timer } from '@mqtt-stack/core'

/** What stands between a node and the store. */
export type WayState = 'open' | 'cut' | 'hung' | 'killed'

interface Waiting {
  pass(): void
  fail(error: Error): void
}

/** The way of a node's calls to the store, and of its answers back. */
export class Way {
  state: WayState = 'open'
  readonly #clock: Clock
  readonly #patience: number
  readonly #waiting = new Set<Waiting>()

  /** @param patience How long a call waits where the store is out of reach, in ms of the clock. */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock
    this.#patience = patience
  }

  /** Whoever waits goes on, or waits on, as it is now. */
  turn(state: WayState): void {
    if (this.state === 'killed') return
    this.state = state
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const one of waiting) one.pass()
  }

  /**
   * Fulfils a turn later, or after `lag` ms, and not before the way is open: never where the node was killed. Rejects where the store stays out
   * of reach for too long.
   */
  async pass(lag: number): Promise<void> {
    if (lag > 0) await new Promise<void>((resolve) => this.#clock.after(lag, resolve))
    else await new Promise(setImmediate)
    const since = this.#clock.now()
    while (this.state !== 'open') await this.#wait(since)
  }

  #wait(since: number): Promise<void> {
    if (this.state === 'killed') return new Promise(() => {})
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined
      const waiting: Waiting = {
        pass: () => {
          timer?.cancel()
          resolve()
        },
        fail: (error) => {
          this.#waiting.delete(waiting)
          reject(error)
        },
      }
      this.#waiting.add(waiting)
      if (this.state !== 'cut') return
      const left = Math.max(0, since + this.#patience - this.#clock.now())
      timer = this.#clock.after(left, () => waiting.fail(new Error('the store is out of reach')))
    })
  }
}
