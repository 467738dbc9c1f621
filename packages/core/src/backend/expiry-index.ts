import { isWorthMoving } from '../topics/index.ts'

/** Items by the span of time in which they are over, so that a sweep looks only at those whose time has come. */
export class ExpiryIndex<Item> {
  readonly #span: number
  #spans = new Map<number, Set<Item>>()
  /** Spans that have gone since that map was made. */
  #gone = 0
  /** The last span in which nothing is left, if it is known. */
  #swept: number | undefined

  /** @param span Milliseconds: so much later than its time an item may be found. */
  constructor(span: number = 1_000) {
    this.#span = span
  }

  /** How many items wait for their end. */
  get size(): number {
    let size = 0
    for (const items of this.#spans.values()) size += items.size
    return size
  }

  /** @param at When it is over, by the stack's clock (ms); what is never over is not taken. */
  add(item: Item, at: number): void {
    if (at === Number.POSITIVE_INFINITY) return
    const span = Math.ceil(at / this.#span)
    if (this.#swept === undefined || span <= this.#swept) this.#swept = span - 1
    const known = this.#spans.get(span)
    if (known === undefined) this.#spans.set(span, new Set([item]))
    else known.add(item)
  }

  /** @param at As it was added. */
  delete(item: Item, at: number): void {
    const span = Math.ceil(at / this.#span)
    const known = this.#spans.get(span)
    if (!known?.delete(item) || known.size > 0) return
    this.#spans.delete(span)
    if (!isWorthMoving(++this.#gone, this.#spans.size)) return
    this.#spans = new Map(this.#spans)
    this.#gone = 0
  }

  /** Up to `limit` items whose time is over; they stay until they are deleted. */
  due(now: number, limit: number): Item[] {
    const found: Item[] = []
    const last = Math.floor(now / this.#span)
    if (this.#spans.size === 0) this.#swept = undefined
    if (this.#swept === undefined) return found
    for (let span = this.#swept + 1; span <= last; span++) {
      for (const item of this.#spans.get(span) ?? []) {
        if (found.length >= limit) return found
        found.push(item)
      }
      // What is there before the first that is left has gone.
      if (found.length === 0) this.#swept = span
    }
    return found
  }
}
