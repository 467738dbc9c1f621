import type { Client, Clock, Timer } from '@mqtt-stack/core'
import { judgeAfter, Roster, Seat } from '@mqtt-stack/core'

/** A connection that has sent no CONNECT. */
export class Awaited extends Seat<Client> {
  /** When it came, by the stack's clock (ms). */
  readonly since: number

  constructor(client: Client, since: number) {
    super(client)
    this.since = since
  }
}

/** Connections that have sent no CONNECT, the oldest first. One timer serves all: most send it before the timer fires. */
export class ConnectTimeout {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #awaited = new Roster<Client, Awaited>()
  #timer: Timer | undefined

  /** @param timeout Milliseconds until one is closed. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock
    this.#timeout = timeout
  }

  /** @returns What {@link delete} takes. */
  add(client: Client): Awaited {
    this.#timer ??= judgeAfter(this.#clock, this.#timeout, this.#sweep)
    return this.#awaited.add(new Awaited(client, this.#clock.now()))
  }

  delete(seat: Awaited | undefined): void {
    if (this.#awaited.delete(seat) && this.#awaited.size === 0) this.stop()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    for (let seat = this.#awaited.first; seat !== undefined; seat = this.#awaited.first) {
      const { member: client, since } = seat
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
