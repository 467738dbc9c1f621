import { Buffer } from 'node:buffer'

const EMPTY = Buffer.alloc(0)
/** From this size on a chunk that has its memory for itself is kept as it is: to copy it would cost more than it holds. */
const BY_REFERENCE = 4_096

/**
 * The bytes that came of a frame that is not whole. They take the memory that they came with, about twice that at most,
 * and never what the frame says that it needs; large chunks are put together once, when all of it is there.
 */
export class PartialFrame {
  /** Bytes that came. */
  have = 0
  /** Bytes of the whole frame; 0 while its length is not known. */
  need = 0
  /** Full parts, oldest first. */
  #parts: Buffer[] | undefined
  #partBytes = 0
  /** Behind them what is gathered of small chunks: its first `#filled` bytes. */
  #held: Buffer = EMPTY
  #filled = 0

  /** Bytes of memory that it takes. */
  get kept(): number {
    return this.#partBytes + this.#held.length
  }

  /** The first bytes, as far as they are known: the header of the frame. */
  get head(): Buffer {
    return this.#parts?.[0] ?? this.#held
  }

  append(part: Buffer): void {
    this.have += part.length
    if (this.need > 0 && part.length >= BY_REFERENCE && 2 * part.length >= part.buffer.byteLength) {
      this.#close()
      this.#add(part)
    } else this.#gather(part)
  }

  /** The whole frame, once all of it is there; this is empty again. */
  take(): Buffer {
    const whole = this.#parts === undefined ? this.#held : this.#join(this.#parts)
    this.clear()
    return whole
  }

  clear(): void {
    this.have = 0
    this.need = 0
    this.#parts = undefined
    this.#partBytes = 0
    this.#held = EMPTY
    this.#filled = 0
  }

  #join(parts: readonly Buffer[]): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.have)
    let at = 0
    for (const part of [...parts, this.#held.subarray(0, this.#filled)]) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  #add(part: Buffer): void {
    this.#parts ??= []
    this.#parts.push(part)
    this.#partBytes += part.length
  }

  /** What was gathered is a part of its own. */
  #close(): void {
    if (this.#filled === 0) return
    this.#add(this.#held.subarray(0, this.#filled))
    this.#held = EMPTY
    this.#filled = 0
  }

  #gather(part: Buffer): void {
    const filled = this.#filled + part.length
    if (filled > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(this.#room(filled))
      grown.set(this.#held.subarray(0, this.#filled))
      this.#held = grown
    }
    this.#held.set(part, this.#filled)
    this.#filled = filled
  }

  /** All that the frame needs once a quarter of it is there; until then no more than twice what came. */
  #room(filled: number): number {
    if (this.need === 0) return 8
    const lacking = this.need - this.#partBytes
    return this.need <= 4 * this.have ? lacking : Math.max(filled, Math.min(lacking, 2 * this.#held.length))
  }
}
