import type { Client, Clock, Timer } from '@mqtt-stack/core'
import { judgeAfter } from '@mqtt-stack/core'

/** Connections that have sent no CONNECT, the oldest first. One timer serves all: most send it before the timer fires. */
export class ConnectTimeout {
  readonly #clock: Clock
  readonly #timeout: number
  /** When each of them came. */
  readonly #since = new Map<Client, number>()
  #timer: Timer | undefined

  /** @param timeout Milliseconds until one is closed. */
  constructor(clock: Clock, timeout: number) {
    this.#clock = clock
    this.#timeout = timeout
  }

  add(client: Client): void {
    this.#since.set(client, this.#clock.now())
    this.#timer ??= judgeAfter(this.#clock, this.#timeout, this.#sweep)
  }

  delete(client: Client): void {
    if (this.#since.delete(client) && this.#since.size === 0) this.stop()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  readonly #sweep = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    for (const [client, since] of this.#since) {
      const left = since + this.#timeout - now
      if (left > 0) {
        this.#timer ??= judgeAfter(this.#clock, left, this.#sweep)
        return
      }
      this.#since.delete(client)
      client.close(undefined, { reason: `no CONNECT came within ${this.#timeout} ms` })
    }
  }
}
