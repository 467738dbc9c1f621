import type { Client, Clock, Steps, Timer } from '@mqtt-stack/core'
import { bounded } from '@mqtt-stack/core'

/** Who waits is looked at this often, in milliseconds. */
const TICK = 25
/** A wait goes on in steps of so many milliseconds at most, so that nobody takes it for a handler that hangs. */
const STEP = 5_000

interface Waiting {
  readonly client: Client
  readonly until: number
  readonly go: () => void
}

/** Clients whose packets have to wait: one timer for all of them, and none while nobody waits. */
export class WaitingRoom {
  readonly #clock: Clock
  readonly #step: number
  readonly #waiting = new Set<Waiting>()
  #timer: Timer | undefined

  /** @param stallTimeout Of the stack, in ms. */
  constructor(clock: Clock, stallTimeout: number) {
    this.#clock = clock
    this.#step = Math.min(STEP, stallTimeout / 2)
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Waits until an instant of the clock, or until the client is closed. */
  *wait(client: Client, until: number): Steps {
    for (;;) {
      const now = this.#clock.now()
      if (client.closed || now >= until) return
      yield this.#once(client, Math.min(until, now + this.#step))
    }
  }

  /** It ends by itself: who waits here is held back on purpose, and is not told to be slow. */
  #once(client: Client, until: number): Promise<void> {
    const waits = new Promise<void>((resolve) => {
      const go = (): void => {
        client.stream.off('close', go)
        this.#waiting.delete(waiting)
        resolve()
      }
      const waiting = { client, until, go }
      this.#waiting.add(waiting)
      client.stream.once('close', go)
      this.#timer ??= this.#clock.every(TICK, this.#look)
    })
    return bounded(waits)
  }

  readonly #look = (): void => {
    const now = this.#clock.now()
    for (const { client, until, go } of this.#waiting) if (now >= until || client.closed) go()
    if (this.#waiting.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
