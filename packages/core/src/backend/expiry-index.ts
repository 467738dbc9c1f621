/** Items by the second in which they are over, so that a sweep looks only at those whose time has come. */
export class ExpiryIndex<Item> {
  readonly #seconds = new Map<number, Set<Item>>()
  /** The last second in which nothing is left, if it is known. */
  #swept: number | undefined

  /** How many items wait for their end. */
  get size(): number {
    let size = 0
    for (const items of this.#seconds.values()) size += items.size
    return size
  }

  /** @param at When it is over, by the stack's clock (ms); what is never over is not taken. */
  add(item: Item, at: number): void {
    if (at === Number.POSITIVE_INFINITY) return
    const second = Math.ceil(at / 1_000)
    if (this.#swept === undefined || second <= this.#swept) this.#swept = second - 1
    const known = this.#seconds.get(second)
    if (known === undefined) this.#seconds.set(second, new Set([item]))
    else known.add(item)
  }

  /** @param at As it was added. */
  delete(item: Item, at: number): void {
    const second = Math.ceil(at / 1_000)
    const known = this.#seconds.get(second)
    if (known?.delete(item) && known.size === 0) this.#seconds.delete(second)
  }

  /** Up to `limit` items whose time is over; they stay until they are deleted. */
  due(now: number, limit: number): Item[] {
    const found: Item[] = []
    const last = Math.floor(now / 1_000)
    if (this.#seconds.size === 0) this.#swept = undefined
    if (this.#swept === undefined) return found
    for (let second = this.#swept + 1; second <= last; second++) {
      for (const item of this.#seconds.get(second) ?? []) {
        if (found.length >= limit) return found
        found.push(item)
      }
      // What is there before the first that is left has gone.
      if (found.length === 0) this.#swept = second
    }
    return found
  }
}
