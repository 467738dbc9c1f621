import type { Client } from '@mqtt-stack/core'

/** Clients that have lost rights, as long as what waits for them is gone through; some more than once. */
export class Losers {
  readonly #times = new Map<Client, number>()

  get isEmpty(): boolean {
    return this.#times.size === 0
  }

  has(client: Client): boolean {
    return this.#times.has(client)
  }

  add(client: Client): void {
    this.#times.set(client, (this.#times.get(client) ?? 0) + 1)
  }

  remove(client: Client): void {
    const others = (this.#times.get(client) ?? 1) - 1
    if (others > 0) this.#times.set(client, others)
    else this.#times.delete(client)
  }
}
