import type { RetainedMessage } from '@mqtt-stack/core'

/** Topics that are told apart; beyond them everything counts as changed. */
const MOST = 10_000

/**
 * The topics whose retained message changed while some were on their way: who waits for a slow client, or for a slow
 * store, must not hand out what is out of date behind what came live.
 */
export class Changes {
  readonly #newest = new Map<string, number>()
  #deliveries = 0
  #many = false

  /** A delivery begins. */
  begin(): void {
    this.#deliveries++
  }

  end(): void {
    if (--this.#deliveries > 0) return
    this.#newest.clear()
    this.#many = false
  }

  /** A topic's retained message is stored or cleared; 0 when the store refused the new one. */
  note(topic: string, messageId: number): void {
    if (this.#deliveries === 0) return
    if (this.#newest.size < MOST || this.#newest.has(topic)) this.#newest.set(topic, messageId)
    else this.#many = true
  }

  /** Whether what was looked up may be out of date. */
  outdated({ topic, messageId }: RetainedMessage): boolean {
    const newest = this.#newest.get(topic)
    return newest === undefined ? this.#many : newest !== messageId
  }

  /** Whether a newer one is known than what was looked up just now. */
  overtaken({ topic, messageId }: RetainedMessage): boolean {
    return messageId < (this.#newest.get(topic) ?? 0)
  }
}
