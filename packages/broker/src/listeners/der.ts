/** DER (X.690), as far as certificates and revocation lists need it. */
import type { Buffer } from 'node:buffer'

/** A value with its tag. */
export interface Element {
  readonly tag: number
  readonly content: Buffer
  /** Tag, length and content. */
  readonly bytes: Buffer
}

export const INTEGER = 0x02
export const SEQUENCE = 0x30
export const UTC_TIME = 0x17
export const GENERALIZED_TIME = 0x18

/**
 * The values that stand one behind the other; what is in them is read by another call.
 * @throws Error where one ends behind the bytes.
 */
export function* elementsOf(bytes: Buffer): Generator<Element, undefined> {
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at + 1]
    const digits = first < 0x80 ? 0 : first & 0x7f
    if (first === undefined || digits > 4 || at + 2 + digits > bytes.length) throw new Error('it is cut off')
    const length = digits === 0 ? first : bytes.readUIntBE(at + 2, digits)
    const begin = at + 2 + digits
    const end = begin + length
    if (end > bytes.length) throw new Error('it is cut off')
    yield { tag: bytes[at], content: bytes.subarray(begin, end), bytes: bytes.subarray(at, end) }
    at = end
  }
}

/** What is in the one value that `bytes` begin with. */
export function within(bytes: Buffer): Element[] {
  const [outer] = elementsOf(bytes)
  if (outer === undefined) throw new Error('it is cut off')
  return [...elementsOf(outer.content)]
}

/** Milliseconds since 1970, of a UTCTime or a GeneralizedTime in UTC. */
export function timeOf({ tag, content }: Element): number {
  const digits = content.toString('latin1')
  // Two digits stand for the years from 1950 to 2049 (RFC 5280, 4.1.2.5.1).
  const century = Number(digits.slice(0, 2)) < 50 ? '20' : '19'
  const text = tag === UTC_TIME ? century + digits : digits
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}
