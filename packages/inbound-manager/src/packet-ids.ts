/** A set of packet identifiers (1 to 65,535): a bit each, in memory that grows with the highest one. */
export class PacketIds {
  #bits: Uint32Array = new Uint32Array(4)
  #size = 0

  get size(): number {
    return this.#size
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
    const grown = new Uint32Array(Math.min(2_048, Math.max(word + 1, 2 * this.#bits.length)))
    grown.set(this.#bits)
    this.#bits = grown
  }
}
