import type { Check, Tally } from './sequence.ts'

// Wider than any window: a number so far ahead of the oldest outstanding one gives that one up as lost.
const RING = 1 << 15

/**
 * Checks what the members of one group of a shared subscription get together: each message of publishers `first`
 * to `first + count - 1` once, whoever of them it comes to. Members are other sockets, so that order holds for
 * each member alone.
 */
export class ShareGroup {
  readonly #tally: Tally
  readonly #first: number
  /** By publisher: below it everything was delivered or given up. */
  readonly #low: Uint32Array
  /** By publisher, what was delivered from `low` on. */
  readonly #seen: Uint8Array[]
  /** By publisher: given up. */
  readonly #missing: Set<number>[]

  constructor(tally: Tally, first: number, count: number) {
    this.#tally = tally
    this.#first = first
    this.#low = new Uint32Array(count)
    this.#seen = Array.from({ length: count }, () => new Uint8Array(RING))
    this.#missing = Array.from({ length: count }, () => new Set())
  }

  /** The check of one more member. */
  member(): Check {
    const expected = new Uint32Array(this.#low.length)
    return {
      accept: (publisher, sequence) => {
        const index = publisher - this.#first
        if (!this.#accept(index, sequence)) return false
        if (sequence < expected[index]) this.#tally.reordered++
        else expected[index] = sequence + 1
        return true
      },
    }
  }

  /** Adds to the tally what came to nobody, `sent(publisher)` being how many that publisher sent. */
  settle(sent: (publisher: number) => number): void {
    for (const [index, seen] of this.#seen.entries()) {
      this.#tally.lost += this.#missing[index].size
      const end = sent(this.#first + index)
      for (let n = this.#low[index]; n < end; n++) if (seen[n % RING] === 0) this.#tally.lost++
    }
  }

  #accept(index: number, sequence: number): boolean {
    const low = this.#low[index]
    if (low === undefined || sequence - low >= 2 * RING) {
      this.#tally.wrong++
      return false
    }
    if (sequence < low ? !this.#missing[index].delete(sequence) : this.#marked(index, sequence)) {
      this.#tally.doubled++
      return false
    }
    this.#tally.delivered++
    return true
  }

  /** Marks it as delivered and says whether it was already. */
  #marked(index: number, sequence: number): boolean {
    const seen = this.#seen[index]
    let low = this.#low[index]
    for (; sequence - low >= RING; low++) {
      if (seen[low % RING] === 0) this.#missing[index].add(low)
      seen[low % RING] = 0
    }
    const before = seen[sequence % RING]
    seen[sequence % RING] = 1
    for (; seen[low % RING] === 1; low++) seen[low % RING] = 0
    this.#low[index] = low
    return before === 1
  }
}
