/** A ring of so many places is kept while nothing is in it, or little. */
const PLACES_KEPT = 16
/** A larger one is made smaller when one of so many places is taken. */
const SPARSE = 8
/** Places are numbered from 0 again when they come here. */
const MOST_PLACES = 2 ** 30

/**
 * Entries in the order of their sequences, found by them: most are put behind the others and taken from the front. They stand
 * in a ring. A Map that entries go through all the time keeps the removed ones from being collected, see `Roster`.
 */
export class Sequenced<T extends { readonly sequence: number }> {
  /** As many places as a power of two says; `undefined` where an entry was taken out. */
  #ring: (T | undefined)[] = []
  /** The sequences of the same places, of what was taken out too. */
  #sequences: number[] = []
  /** Places are numbered on and on; the ring has those from here ... */
  #first = 0
  /** ... to before here. */
  #end = 0
  #size = 0
  /** Goes up when places are numbered anew. */
  #numbering = 0

  get size(): number {
    return this.#size
  }

  get(sequence: number): T | undefined {
    const at = this.#find(sequence)
    return at === undefined ? undefined : this.#ring[at & this.#mask]
  }

  has(sequence: number): boolean {
    return this.get(sequence) !== undefined
  }

  /** In order, as a Map's: also while entries are put in behind those that are there, and taken out. */
  *values(): Generator<T, void, void> {
    let numbering = this.#numbering
    for (let at = this.#first; at < this.#end; at++) {
      const entry = this.#ring[at & this.#mask]
      if (entry === undefined) continue
      yield entry
      if (numbering === this.#numbering && at >= this.#first) continue
      numbering = this.#numbering
      at = this.#placeOf(entry.sequence + 1) - 1
    }
  }

  /** The sequences, in order. */
  *keys(): Generator<number, void, void> {
    for (const { sequence } of this.values()) yield sequence
  }

  /** Takes the place of one of the same sequence. */
  add(entry: T): void {
    const { sequence } = entry
    if (this.#size > 0 && sequence <= this.#sequences[(this.#end - 1) & this.#mask]) {
      const others = [...this.values()].filter((other) => other.sequence !== sequence)
      this.#fill([...others, entry].sort((one, other) => one.sequence - other.sequence))
      return
    }
    const isFull = this.#end - this.#first === this.#ring.length
    if (isFull || this.#end === MOST_PLACES) this.#fill([...this.values()])
    const at = this.#end++ & this.#mask
    this.#ring[at] = entry
    this.#sequences[at] = sequence
    this.#size++
  }

  delete(sequence: number): boolean {
    const at = this.#find(sequence)
    if (at === undefined || this.#ring[at & this.#mask] === undefined) return false
    this.#ring[at & this.#mask] = undefined
    if (--this.#size === 0) this.#empty()
    else {
      while (this.#ring[this.#first & this.#mask] === undefined) this.#first++
      const places = this.#ring.length
      if (places > PLACES_KEPT && places > SPARSE * this.#size) this.#fill([...this.values()])
    }
    return true
  }

  clear(): void {
    this.#ring.fill(undefined)
    this.#size = 0
    this.#empty()
  }

  get #mask(): number {
    return this.#ring.length - 1
  }

  #empty(): void {
    this.#first = 0
    this.#end = 0
    this.#numbering++
    if (this.#ring.length <= PLACES_KEPT) return
    this.#ring = []
    this.#sequences = []
  }

  /** Where a sequence stands, or stood. */
  #find(sequence: number): number | undefined {
    const at = this.#placeOf(sequence)
    return at < this.#end && this.#sequences[at & this.#mask] === sequence ? at : undefined
  }

  /** The first place of a sequence that is as high, or higher. */
  #placeOf(sequence: number): number {
    let low = this.#first
    if (low === this.#end) return low
    // Sequences go up by one, or by more: there are no more places between than numbers.
    const most = low + sequence - this.#sequences[low & this.#mask]
    if (most <= low) return low
    if (most < this.#end && this.#sequences[most & this.#mask] === sequence) return most
    for (let high = Math.min(most, this.#end); low < high; ) {
      const middle = (low + high) >>> 1
      if (this.#sequences[middle & this.#mask] < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Places them anew, with room for as many again. */
  #fill(entries: readonly T[]): void {
    let places = 8
    while (places < 2 * entries.length) places *= 2
    this.#ring = new Array<T | undefined>(places).fill(undefined)
    this.#sequences = new Array<number>(places).fill(0)
    for (const [at, entry] of entries.entries()) {
      this.#ring[at] = entry
      this.#sequences[at] = entry.sequence
    }
    this.#numbering++
    this.#first = 0
    this.#end = entries.length
    this.#size = entries.length
  }
}
