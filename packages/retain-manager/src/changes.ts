import { nextMessageId } from '@mqtt-stack/core'

/** Topics that are remembered at least; the memory that they take is bounded by twice as many. */
const MOST = 4_000

/**
 * When the retained message of a topic changed last. Whoever was subscribed by then got the change live: what is handed
 * out as retained behind it would be a second copy, or out of date. Moments are message identifiers, which only grow.
 */
export class Changes {
  #recent = new Map<string, number>()
  #older = new Map<string, number>()
  /** Of changes up to here some are forgotten. */
  #forgotten = 0

  /** A topic's retained message was stored, cleared or refused, and is about to go on to who is subscribed. */
  note(topic: string): void {
    if (this.#recent.size >= MOST) {
      for (const moment of this.#older.values()) if (moment > this.#forgotten) this.#forgotten = moment
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(topic, nextMessageId())
  }

  /** Whether a topic changed behind a moment; `undefined` where that is not remembered. */
  changedSince(topic: string, moment: number): boolean | undefined {
    const last = this.#recent.get(topic) ?? this.#older.get(topic)
    if (last !== undefined) return last > moment
    return this.#forgotten > moment ? undefined : false
  }
}
