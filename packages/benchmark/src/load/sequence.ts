/** What went wrong with deliveries, over all subscribers of a run. */
export interface Tally {
  /** Deliveries that were the next of their publisher, or a late one of it. */
  delivered: number
  lost: number
  doubled: number
  reordered: number
  /** A payload, a publisher or a quality of service that was never sent like that. */
  wrong: number
}

export function createTally(): Tally {
  return { delivered: 0, lost: 0, doubled: 0, reordered: 0, wrong: 0 }
}

export function faults(tally: Tally): number {
  return tally.lost + tally.doubled + tally.reordered + tally.wrong
}

/** Checks what one subscriber gets. */
export interface Check {
  /** Says whether this message had not been delivered before. */
  accept(publisher: number, sequence: number): boolean
}

// A gap wider than any window is a number that nobody sent, not that many losses.
const WIDEST_GAP = 1 << 20

/** Checks what one subscriber gets from publishers `first` to `first + count - 1`: each in order, none twice. */
export class Sequence implements Check {
  readonly #tally: Tally
  readonly #first: number
  readonly #expected: Uint32Array
  /** Made at the first gap only: sequence numbers passed over, by publisher. */
  readonly #missing: Map<number, Set<number>> = new Map()

  constructor(tally: Tally, first: number, count: number) {
    this.#tally = tally
    this.#first = first
    this.#expected = new Uint32Array(count)
  }

  accept(publisher: number, sequence: number): boolean {
    const index = publisher - this.#first
    if (sequence === this.#expected[index]) {
      this.#expected[index] = sequence + 1
      this.#tally.delivered++
      return true
    }
    return this.#acceptOther(index, sequence)
  }

  /** Adds to the tally what never came, `sent(publisher)` being how many that publisher sent. */
  settle(sent: (publisher: number) => number): void {
    for (let index = 0; index < this.#expected.length; index++) {
      const unseen = sent(this.#first + index) - this.#expected[index]
      this.#tally.lost += unseen + (this.#missing.get(index)?.size ?? 0)
    }
  }

  #acceptOther(index: number, sequence: number): boolean {
    const expected = this.#expected[index]
    if (expected === undefined || sequence - expected > WIDEST_GAP) {
      this.#tally.wrong++
      return false
    }
    const missing = this.#missing.get(index) ?? new Set()
    this.#missing.set(index, missing)
    if (sequence > expected) {
      for (let passed = expected; passed < sequence; passed++) missing.add(passed)
      this.#expected[index] = sequence + 1
    } else if (missing.delete(sequence)) {
      this.#tally.reordered++
    } else {
      this.#tally.doubled++
      return false
    }
    this.#tally.delivered++
    return true
  }
}
