/** Reads the data representations of both standards, and refuses what they forbid. */
import type { Buffer } from 'node:buffer'

/** A server sent what the standard does not let it send. */
export class BadPacket extends Error {
  override readonly name = 'BadPacket'
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.take(1)[0]
  }

  two(): number {
    return this.take(2).readUInt16BE()
  }

  four(): number {
    return this.take(4).readUInt32BE()
  }

  variable(): number {
    let value = 0
    for (let length = 1; length <= 4; length++) {
      const one = this.byte()
      value += (one & 0x7f) * 128 ** (length - 1)
      if (one >= 0x80) continue
      if (one === 0 && length > 1)
        throw new BadPacket('a variable byte integer is longer than it needs to be')
      return value
    }
    throw new BadPacket('a variable byte integer has more than four bytes')
  }

  binary(): Buffer {
    return this.take(this.two())
  }

  string(): string {
    const bytes = this.binary()
    if (bytes.includes(0)) throw new BadPacket('a string holds U+0000')
    try {
      return utf8.decode(bytes)
    } catch {
      throw new BadPacket(`a string is not UTF-8: ${bytes.toString('hex')}`)
    }
  }

  take(length: number): Buffer {
    if (this.left < length) throw new BadPacket('a packet ends within a field')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  rest(): Buffer {
    return this.take(this.left)
  }
}
