/** A packet's body, read field by field: every step is checked against its end. */
import type { Buffer } from 'node:buffer'
import { isUtf8 } from 'node:buffer'
import { protocolError } from '../protocol-error.ts'
import { malformed } from './malformed.ts'

export class Fields {
  /** Where the next field begins. */
  at: number
  /** Where the body ends. */
  end: number
  bytes: Buffer
  /** The packet's name, for errors. */
  name: string

  constructor(name: string, bytes: Buffer, at: number, end: number) {
    this.name = name
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** The same object for another body. */
  over(name: string, bytes: Buffer, at: number, end: number): this {
    this.name = name
    this.bytes = bytes
    this.at = at
    this.end = end
    return this
  }

  get done(): boolean {
    return this.at >= this.end
  }

  /** Steps over a field; answers where it began. */
  skip(length: number): number {
    const { at } = this
    if (at + length > this.end) throw malformed(`a ${this.name} that ends within a field`)
    this.at = at + length
    return at
  }

  byte(): number {
    return this.bytes[this.skip(1)]
  }

  uint16(): number {
    const at = this.skip(2)
    return (this.bytes[at] << 8) | this.bytes[at + 1]
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.skip(4))
  }

  /** A variable byte integer of at most four bytes, as short as it can be [MQTT-1.5.5-1]. */
  variable(): number {
    let value = 0
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.byte()
      value += (byte & 127) << shift
      if (byte > 127) continue
      if (byte === 0 && shift > 0) throw malformed(`a ${this.name} with a padded integer`, 'MQTT-1.5.5-1')
      return value
    }
    throw malformed(`a ${this.name} with an integer of more than four bytes`)
  }

  /** A packet identifier, which is never 0. */
  identifier(): number {
    const id = this.uint16()
    if (id === 0) throw protocolError(`a ${this.name} with packet identifier 0`, 'MQTT-2.2.1-3')
    return id
  }

  /** Steps over binary data; answers where its content begins. */
  binary(): number {
    return this.skip(this.uint16())
  }

  /** Steps over a string; answers where its content begins. */
  text(): number {
    const length = this.uint16()
    const at = this.skip(length)
    // Most strings are short and plain: only others are worth a call.
    let plain = true
    for (let i = at; i < this.at; i++) {
      const byte = this.bytes[i]
      if (byte === 0) throw malformed(`a ${this.name} with U+0000 in a string`, 'MQTT-1.5.4-2')
      if (byte > 127) plain = false
    }
    if (!plain && !isUtf8(this.bytes.subarray(at, this.at))) {
      throw malformed(`a ${this.name} with a string that is not UTF-8`, 'MQTT-1.5.4-1')
    }
    return at
  }

  string(): string {
    const at = this.text()
    return this.bytes.toString('utf8', at, this.at)
  }

  finish(): void {
    if (!this.done) throw malformed(`a ${this.name} with ${this.end - this.at} bytes too many`)
  }
}
