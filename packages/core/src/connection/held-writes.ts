/** The memory of writes that a stream holds because the other side has not taken them. */

/** Where the bytes are counted that streams hold for clients. */
export interface Scales {
  /** So many bytes more, or fewer. */
  weigh(bytes: number): void
  /** One more who holds this memory: it counts once, however many clients are to be sent it. */
  hold(memory: ArrayBufferLike): void
  /** One fewer who holds it. */
  drop(memory: ArrayBufferLike): void
}

/** What a stream keeps beside each write that the other side has not taken, in bytes. */
const WRITE_COST = 256

export class HeldWrites {
  readonly #scales: Scales
  /** In the order of the writes: the memory of each, or the size of a buffer that is of the outbox; 0 where not counted. */
  readonly #held: (ArrayBufferLike | number)[]

  /** @param uncounted How many writes wait before the first that is counted. */
  constructor(scales: Scales, uncounted: number) {
    this.#scales = scales
    this.#held = new Array<number>(uncounted).fill(0)
  }

  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  /**
   * Counts the newest write.
   * @param lent The buffer of the outbox that it is a part of; `undefined` for memory of others.
   */
  add(bytes: Uint8Array, lent: Uint8Array | undefined): void {
    if (lent === undefined) {
      this.#held.push(bytes.buffer)
      this.#scales.hold(bytes.buffer)
      this.#scales.weigh(WRITE_COST)
    } else {
      this.#held.push(lent.length)
      this.#scales.weigh(lent.length + WRITE_COST)
    }
  }

  /** The oldest write was taken. */
  release(): void {
    const held = this.#held.shift()
    if (held !== undefined) this.#uncount(held)
  }

  /** The stream is gone, and what it held with it. */
  releaseAll(): void {
    for (const held of this.#held) this.#uncount(held)
    this.#held.length = 0
  }

  #uncount(held: ArrayBufferLike | number): void {
    if (held === 0) return
    if (typeof held === 'number') this.#scales.weigh(-held - WRITE_COST)
    else {
      this.#scales.drop(held)
      this.#scales.weigh(-WRITE_COST)
    }
  }
}
