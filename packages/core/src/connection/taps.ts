/** Those who look on at what one client is sent. */
import type { SentPacket } from '../contract/index.ts'

export class Taps {
  readonly #listeners = new Set<{ readonly see: (sent: SentPacket) => void }>()
  readonly #fail: (error: Error) => void

  constructor(fail: (error: Error) => void) {
    this.#fail = fail
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  /** @returns What ends it. */
  add(see: (sent: SentPacket) => void): () => void {
    const listener = { see }
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** One that throws is shown no more. */
  show(sent: SentPacket): void {
    for (const listener of this.#listeners) {
      try {
        listener.see(sent)
      } catch (error) {
        this.#listeners.delete(listener)
        this.#fail(error as Error)
      }
    }
  }
}
