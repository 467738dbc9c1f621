/** A set of packet identifiers (1 to 65,535): a bit each, in memory that grows with the highest one. */
export class PacketIds {
  #bits: Uint32Array = new Uint32Array(4)
  #size = 0

  /** A set of these. */
  static of(ids: Iterable<number>): PacketIds {
    const set = new PacketIds()
    for (const id of ids) set.add(id)
    return set
  }

  /** How many there are. */
  get size(): number {
    return this.#size
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#bits.byteLength
  }

  /** Bytes more that they take once this one is added. */
  growth(id: number): number {
    const word = id >>> 5
    return word < this.#bits.length ? 0 : 4 * roomFor(word, this.#bits.length) - this.#bits.byteLength
  }

  /** All of them, in order. */
  list(): number[] {
    const ids: number[] = []
    for (let word = 0; this.#size > ids.length; word++) {
      for (let bits = this.#bits[word]; bits !== 0; bits &= bits - 1)
        ids.push(32 * word + 31 - Math.clz32(bits & -bits))
    }
    return ids
  }

  has(id: number): boolean {
    const word = id >>> 5
    return word < this.#bits.length && (this.#bits[word] & (1 << (id & 31))) !== 0
  }

  add(id: number): void {
    const word = id >>> 5
    if (word >= this.#bits.length) this.#grow(word)
    if (!this.has(id)) this.#size++
    this.#bits[word] |= 1 << (id & 31)
  }

  delete(id: number): void {
    if (!this.has(id)) return
    this.#size--
    this.#bits[id >>> 5] &= ~(1 << (id & 31))
  }

  #grow(word: number): void {
    const grown = new Uint32Array(roomFor(word, this.#bits.length))
    grown.set(this.#bits)
    this.#bits = grown
  }
}

function roomFor(word: number, length: number): number {
  return Math.min(2_048, Math.max(word + 1, 2 * length))
}
