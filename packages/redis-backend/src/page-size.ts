import type { Posted } from '@mqtt-stack/core/backend'

/** How many entries of a stream are asked for first, and how many bytes are to come at a time, about. */
const FIRST = 256
const BYTES = 4 * 1_024 * 1_024

/** How many entries are asked for at once: as many as fit, by the size of those that came last. */
export class PageSize {
  #count = FIRST

  /** @param limit No more than so many. */
  next(limit: number): number {
    return Math.min(limit, this.#count)
  }

  /** Answers with what has come. */
  seen(entries: Posted[]): Posted[] {
    let bytes = 0
    for (const entry of entries) bytes += entry.bytes.length
    // Where few have come the next ones may be larger.
    if (entries.length > 0)
      this.#count = Math.max(1, Math.min(4 * this.#count, Math.floor((BYTES * entries.length) / (bytes + 1))))
    return entries
  }
}
