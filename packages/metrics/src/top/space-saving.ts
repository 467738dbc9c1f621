/** The most frequent of many names, in bounded memory: the space-saving sketch of Metwally, Agrawal and El Abbadi. */

/** A name, and how often it was seen: at most `count`, at least `count - error`. */
export interface Counted {
  readonly name: string
  readonly count: number
  readonly error: number
}

interface Entry {
  name: string
  count: number
  error: number
}

/**
 * Holds `size` names. A name that is not among them takes the place of the rarest, and inherits its count as its error:
 * whatever makes up more than one in `size` of all is there.
 */
export class SpaceSaving {
  readonly #size: number
  readonly #byName = new Map<string, Entry>()
  /** The rarest on top: no entry is rarer than the one at half of its place. */
  readonly #heap: Entry[] = []
  /** Where each is in the heap. */
  readonly #places = new Map<Entry, number>()

  constructor(size: number) {
    this.#size = size
  }

  add(name: string, weight: number): void {
    let entry = this.#byName.get(name)
    if (entry !== undefined) entry.count += weight
    else if (this.#heap.length < this.#size) {
      entry = { name, count: weight, error: 0 }
      this.#place(entry, this.#heap.length)
      this.#byName.set(name, entry)
      this.#rise(entry)
      return
    } else {
      entry = this.#heap[0]
      this.#byName.delete(entry.name)
      entry.name = name
      entry.error = entry.count
      entry.count += weight
      this.#byName.set(name, entry)
    }
    this.#sink(entry)
  }

  /** The most frequent first. */
  top(limit: number): Counted[] {
    return [...this.#heap]
      .sort((a, b) => b.count - a.count)
      .slice(0, limit)
      .map(({ name, count, error }) => ({ name, count, error }))
  }

  #place(entry: Entry, at: number): void {
    this.#heap[at] = entry
    this.#places.set(entry, at)
  }

  #rise(entry: Entry): void {
    let at = this.#places.get(entry) as number
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = this.#heap[above]
      if (other.count <= entry.count) break
      this.#place(other, at)
      at = above
    }
    this.#place(entry, at)
  }

  #sink(entry: Entry): void {
    const heap = this.#heap
    let at = this.#places.get(entry) as number
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1].count < heap[below].count) below++
      if (heap[below].count >= entry.count) break
      this.#place(heap[below], at)
      at = below
    }
    this.#place(entry, at)
  }
}
