import type { SessionRecord } from './session-record.ts'

/** Sessions by the second in which they are over, so that a sweep looks only at those whose time has come. */
export class ExpiryIndex {
  readonly #seconds = new Map<number, Set<SessionRecord>>()
  /** The last second that was swept. */
  #swept = 0

  /** @param at When it is over, by the wall clock (ms). */
  add(record: SessionRecord, at: number): void {
    record.expiresAt = at
    if (at === Number.POSITIVE_INFINITY) return
    const second = Math.ceil(at / 1_000)
    if (this.#swept === 0 || second <= this.#swept) this.#swept = second - 1
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
    if (this.#seconds.size === 0) return found
    const last = Math.floor(now / 1_000)
    while (this.#swept < last) {
      const records = this.#seconds.get(this.#swept + 1)
      if (records !== undefined) {
        for (const record of records) {
          if (found.length >= limit) return found
          found.push(record)
        }
        return found
      }
      this.#swept++
    }
    return found
  }
}
