/** Fields of a record as bytes, one behind the other. */
import { Buffer } from 'node:buffer'
import { StackError } from '../../errors/index.ts'

/** No text: an empty one is something else. */
const NO_TEXT = 0xffff_ffff

/** Writes the fields of a record. */
export class FieldWriter {
  #bytes = Buffer.allocUnsafe(128)
  #at = 0

  byte(value: number): this {
    this.#grow(1)
    this.#at = this.#bytes.writeUInt8(value, this.#at)
    return this
  }

  /** Any number, infinity too. */
  number(value: number): this {
    this.#grow(8)
    this.#at = this.#bytes.writeDoubleBE(value, this.#at)
    return this
  }

  text(value: string | undefined): this {
    if (value === undefined) return this.#length(NO_TEXT)
    return this.bytes(Buffer.from(value))
  }

  bytes(value: Uint8Array): this {
    this.#length(value.length).#grow(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    return this
  }

  /** All that was written. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  #length(value: number): this {
    this.#grow(4)
    this.#at = this.#bytes.writeUInt32BE(value, this.#at)
    return this
  }

  #grow(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#at + more, 2 * this.#bytes.length))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** Reads them in the same order. */
export class FieldReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#pass(1))
  }

  number(): number {
    return this.#bytes.readDoubleBE(this.#pass(8))
  }

  text(): string | undefined {
    const length = this.#length()
    if (length === NO_TEXT) return undefined
    const at = this.#pass(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  /** A view: it is gone when what was read is. */
  bytes(): Uint8Array {
    const length = this.#length()
    const at = this.#pass(length)
    return this.#bytes.subarray(at, at + length)
  }

  #length(): number {
    return this.#bytes.readUInt32BE(this.#pass(4))
  }

  #pass(length: number): number {
    const at = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length)
      throw new StackError('STORE_DAMAGED', `a record of ${this.#bytes.length} bytes is cut off`)
    return at
  }
}
