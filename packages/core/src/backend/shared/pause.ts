import type { Clock, Timer } from '../../time/index.ts'

/** A wait that may be ended before its time. */
export class Pause {
  readonly #clock: Clock
  #timer: Timer | undefined
  #resolve: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Fulfils when so many ms have passed, or at {@link end}. One wait at a time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.#timer = this.#clock.after(ms, () => this.end())
    })
  }

  /** Whoever waits goes on now. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#resolve?.()
    this.#resolve = undefined
  }
}
