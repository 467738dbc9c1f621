import type { Client, Clock, Seat, Timer } from '@mqtt-stack/core'
import { judgeAfter, Roster } from '@mqtt-stack/core'

/** A connection that has sent no CONNECT. */
export interface Awaited {
  readonly client: Client
  /** When it came, by the stack's clock (ms). */
  readonly since: number
}

/** Connections that have sent no CONNECT, the oldest first. One timer serves all: most send it before the timer fires. */
export class ConnectTimeout {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #awaited = new Roster<Awaited>()
  #timer: Timer | undefined

  /** @param timeout Milliseconds until one is closed. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock
    this.#timeout = timeout
  }

  /** @returns What {@link delete} takes. */
  add(client: Client): Seat<Awaited> {
    this.#timer ??= judgeAfter(this.#clock, this.#timeout, this.#sweep)
    return this.#awaited.add({ client, since: this.#clock.now() })
  }

  delete(seat: Seat<Awaited> | undefined): void {
    if (this.#awaited.delete(seat) && this.#awaited.size === 0) this.stop()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    for (let seat = this.#awaited.first; seat?.member !== undefined; seat = this.#awaited.first) {
      const { client, since } = seat.member
      const left = since + this.#timeout - now
      if (left > 0) {
        this.#timer ??= judgeAfter(this.#clock, left, this.#sweep)
        return
      }
      this.#awaited.delete(seat)
      client.close(undefined, { reason: `no CONNECT came within ${this.#timeout} ms` })
    }
  }
}
