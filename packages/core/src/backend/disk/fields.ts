/** Fields of a record as bytes, one behind the other. */
import { Buffer } from 'node:buffer'
import { StackError } from '../../errors/index.ts'

/** No text: an empty one is something else. */
const NO_TEXT = 0xffff_ffff

const SCRATCH = 65_536
/** What is written now: one record at a time, and copied out at its end. */
let scratch = Buffer.allocUnsafeSlow(SCRATCH)

/** Writes the fields of a record; one is done before the next begins. */
export class FieldWriter {
  #at = 0

  byte(value: number): this {
    this.#grow(1)
    scratch[this.#at++] = value
    return this
  }

  /** Any number, infinity too. */
  number(value: number): this {
    this.#grow(8)
    this.#at = scratch.writeDoubleBE(value, this.#at)
    return this
  }

  text(value: string | undefined): this {
    this.#grow(4)
    if (value === undefined) {
      this.#at = scratch.writeUInt32BE(NO_TEXT, this.#at)
      return this
    }
    // No character takes more than three bytes.
    this.#grow(4 + 3 * value.length)
    const length = scratch.write(value, this.#at + 4)
    scratch.writeUInt32BE(length, this.#at)
    this.#at += 4 + length
    return this
  }

  bytes(value: Uint8Array): this {
    this.#grow(4 + value.length)
    scratch.writeUInt32BE(value.length, this.#at)
    scratch.set(value, this.#at + 4)
    this.#at += 4 + value.length
    return this
  }

  /** All that was written, as bytes of its own. */
  done(): Uint8Array {
    const record = Buffer.allocUnsafe(this.#at)
    scratch.copy(record, 0, 0, this.#at)
    // What one large record needed is not kept.
    if (scratch.length > SCRATCH) scratch = Buffer.allocUnsafeSlow(SCRATCH)
    return record
  }

  #grow(more: number): void {
    if (this.#at + more <= scratch.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + more, 2 * scratch.length))
    scratch.copy(grown, 0, 0, this.#at)
    scratch = grown
  }
}

/** Reads them in the same order. */
export class FieldReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** All was read. */
  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
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
