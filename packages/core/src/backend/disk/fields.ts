/** Fields of a record as bytes, one behind the other. */
import { Buffer } from 'node:buffer'
import { StackError } from '../../errors/index.ts'
import { copyBytes } from '../../packets/index.ts'

/** No text: an empty one is something else. */
const NO_TEXT = 0xffff_ffff

const SCRATCH = 65_536
/** What is written now: one record at a time, and copied out at its end. */
let scratch = Buffer.allocUnsafeSlow(SCRATCH)

/** A name that is written or read again and again, as text and as bytes. */
class Name {
  #text: string | undefined
  #bytes: Uint8Array = new Uint8Array(0)

  /** The bytes of a text; nothing where it is another one. */
  bytesOf(text: string): Uint8Array | undefined {
    return text === this.#text ? this.#bytes : undefined
  }

  /** The text that stands there; nothing where it is another one. */
  textAt(bytes: Uint8Array, at: number, length: number): string | undefined {
    const known = this.#bytes
    if (known.length !== length) return undefined
    for (let i = length - 1; i >= 0; i--) if (known[i] !== bytes[at + i]) return undefined
    return this.#text
  }

  /** Long ones are not kept. */
  keep(text: string, bytes: Uint8Array, at: number, length: number): void {
    if (length > LONGEST_NAME) return
    this.#text = text
    this.#bytes = Uint8Array.prototype.slice.call(bytes, at, at + length)
  }
}

const LONGEST_NAME = 128
const written = new Name()
const read = new Name()

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

  /** As {@link text}, for one that is mostly the same as the last one. */
  name(value: string): this {
    const known = written.bytesOf(value)
    if (known !== undefined) return this.bytes(known)
    const at = this.#at + 4
    this.text(value)
    written.keep(value, scratch, at, this.#at - at)
    return this
  }

  uint32(value: number): this {
    this.#grow(4)
    this.#at = scratch.writeUInt32BE(value, this.#at)
    return this
  }

  /** Bytes without their length: that is written before. */
  piece(value: Uint8Array, start: number, end: number): this {
    this.#grow(end - start)
    copyBytes(value, start, end, scratch, this.#at)
    this.#at += end - start
    return this
  }

  bytes(value: Uint8Array): this {
    this.#grow(4 + value.length)
    scratch.writeUInt32BE(value.length, this.#at)
    copyBytes(value, 0, value.length, scratch, this.#at + 4)
    this.#at += 4 + value.length
    return this
  }

  /** All that was written, until the next record is: copy it. */
  view(): Uint8Array {
    const view = scratch.subarray(0, this.#at)
    if (scratch.length > SCRATCH) scratch = Buffer.allocUnsafeSlow(SCRATCH)
    return view
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

  /** As {@link text}, for one that is mostly the same as the last one. */
  name(): string | undefined {
    const length = this.#length()
    if (length === NO_TEXT) return undefined
    const at = this.#pass(length)
    const known = read.textAt(this.#bytes, at, length)
    if (known !== undefined) return known
    const text = this.#bytes.toString('utf8', at, at + length)
    read.keep(text, this.#bytes, at, length)
    return text
  }

  uint32(): number {
    return this.#length()
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
