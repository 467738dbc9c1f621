import type { SessionRecord } from './session-record.ts'

/** Sessions by the second in which they are over, so that a sweep looks only at those whose time has come. */
export class ExpiryIndex {
  readonly #seconds = new Map<number, Set<SessionRecord>>()
  /** The last second in which nothing is left, if it is known. */
  #swept: number | undefined

  /** How many sessions wait for their end. */
  get size(): number {
    let size = 0
    for (const records of this.#seconds.values()) size += records.size
    return size
  }

  /** @param at When it is over, by the stack's clock (ms). */
  add(record: SessionRecord, at: number): void {
    record.expiresAt = at
    if (at === Number.POSITIVE_INFINITY) return
    const second = Math.ceil(at / 1_000)
    if (this.#swept === undefined || second <= this.#swept) this.#swept = second - 1
    const known = this.#seconds.get(second)
    if (known === undefined) this.#seconds.set(second, new Set([record]))
    else known.add(record)
  }

  delete(record: SessionRecord): void {
    const second = Math.ceil(record.expiresAt / 1_000)
    record.expiresAt = Number.POSITIVE_INFINITY
    const known = this.#seconds.get(second)
    if (known?.delete(record) && known.size === 0) this.#seconds.delete(second)
  }

  /** Up to `limit` records whose time is over; they stay until they are deleted. */
  due(now: number, limit: number): SessionRecord[] {
    const found: SessionRecord[] = []
    const last = Math.floor(now / 1_000)
    if (this.#seconds.size === 0) this.#swept = undefined
    if (this.#swept === undefined) return found
    for (let second = this.#swept + 1; second <= last; second++) {
      for (const record of this.#seconds.get(second) ?? []) {
        if (found.length >= limit) return found
        found.push(record)
      }
      // What is there before the first that is left has gone.
      if (found.length === 0) this.#swept = second
    }
    return found
  }
}
