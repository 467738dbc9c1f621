import type { Client, Clock, Steps, Timer } from '@mqtt-stack/core'
import { bounded, Roster, Seat } from '@mqtt-stack/core'

/** Who waits is looked at this often, in milliseconds. */
const TICK = 25
/** A wait goes on in steps of so many milliseconds at most, so that nobody takes it for a handler that hangs. */
const STEP = 5_000

class Waiting extends Seat<Client> {
  readonly until: number
  go: () => void = nobody

  constructor(client: Client, until: number) {
    super(client)
    this.until = until
  }
}

function nobody(): void {}

/** Clients whose packets have to wait: one timer for all of them, and none while nobody waits. */
export class WaitingRoom {
  readonly #clock: Clock
  readonly #step: number
  readonly #waiting = new Roster<Client, Waiting>()
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
      const waiting = this.#waiting.add(new Waiting(client, until))
      const go = (): void => {
        client.stream.off('close', go)
        this.#waiting.delete(waiting)
        waiting.go = nobody
        resolve()
      }
      waiting.go = go
      client.stream.once('close', go)
      this.#timer ??= this.#clock.every(TICK, this.#look)
    })
    return bounded(waits)
  }

  readonly #look = (): void => {
    const now = this.#clock.now()
    for (const one of this.#waiting.taken()) if (now >= one.until || one.member.closed) one.go()
    if (this.#waiting.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
