/** The data representations of both standards, as bytes. Nothing is checked: tests want wrong ones too. */
import { Buffer } from 'node:buffer'

/** One byte. */
export function byte(value: number): Buffer {
  return Buffer.of(value)
}

/** A two byte integer, high byte first. */
export function two(value: number): Buffer {
  return Buffer.of(value >>> 8, value)
}

/** A four byte integer, high byte first. */
export function four(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A variable byte integer in as few bytes as it needs. */
export function variable(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return Buffer.from(bytes)
}

/** A variable byte integer in more bytes than it needs. */
export function overlong(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length, 0x80)
  variable(value).forEach((one, at) => {
    bytes[at] = one | 0x80
  })
  bytes[length - 1] &= 0x7f
  return bytes
}

/** Binary data, or a string, behind its length in two bytes. A string is encoded as UTF-8, bytes stay what they are. */
export function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([two(bytes.length), bytes])
}

/** Bytes one after the other. */
export function join(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts)
}

/** A control packet: type and flags, remaining length, body. */
export function packet(type: number, flags: number, ...body: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(body)
  return Buffer.concat([Buffer.of((type << 4) | flags), variable(bytes.length), bytes])
}
