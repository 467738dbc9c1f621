import type { Client, Clock, Log } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'

/** One client is told of once in so many milliseconds. */
const AGAIN = 60_000

const told = new Slot(() => ({ at: Number.NEGATIVE_INFINITY }))

/** Tells a person of clients that have to wait. */
export class Slowed {
  readonly #clock: Clock
  readonly #log: Log

  constructor(log: Log, clock: Clock) {
    this.#clock = clock
    this.#log = log
  }

  /**
   * @param cause Names the limit.
   * @param username As which user it is to be proven, where it is not that of its CONNECT.
   */
  tell(client: Client, cause: string, username: string | undefined = client.username): void {
    const now = this.#clock.now()
    const last = told.of(client)
    if (now - last.at < AGAIN) return
    last.at = now
    const { id, listener } = client
    this.#log.event('client.slowed', {
      clientId: id || undefined,
      remote: listener.remote,
      transport: listener.transport,
      username,
      cause,
    })
  }
}
