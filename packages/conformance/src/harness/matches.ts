/** Whether a packet is like another: only what is named counts. */
import { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import type { Received, ReceivedOf } from '../wire/packets.ts'

/** Some members of a packet; a payload may be given as text, a code as a list of codes. */
export type Like<Name extends Received['type']> = {
  [Key in keyof ReceivedOf<Name>]?: Key extends 'payload'
    ? string | Uint8Array
    : Key extends 'code'
      ? number | readonly number[]
      : Key extends 'properties'
        ? Partial<ReceivedOf<Name>[Key]>
        : ReceivedOf<Name>[Key]
}

/** What differs, in words; nothing when all that is named is as named. */
export function difference(packet: Received, like: object, path = ''): string | undefined {
  for (const [key, wanted] of Object.entries(like)) {
    const actual = (packet as unknown as Record<string, unknown>)[key]
    const name = path + key
    if (key === 'properties') {
      const inner = difference(actual as Received, wanted as object, 'properties.')
      if (inner !== undefined) return inner
    } else if (key === 'code' && Array.isArray(wanted)) {
      if (!wanted.includes(actual)) return `${name} is ${show(actual)}, not one of ${show(wanted)}`
    } else if (!same(actual, wanted)) return `${name} is ${show(actual)}, not ${show(wanted)}`
  }
  return undefined
}

function same(actual: unknown, wanted: unknown): boolean {
  if (actual instanceof Uint8Array && (typeof wanted === 'string' || wanted instanceof Uint8Array)) {
    return Buffer.from(wanted as string).equals(actual)
  }
  return isDeepStrictEqual(actual, wanted)
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString()}"`
  if (Array.isArray(value) && value.every((one) => typeof one === 'number')) {
    return `[${value.map((one) => `0x${one.toString(16).padStart(2, '0')}`).join(', ')}]`
  }
  return JSON.stringify(value) ?? 'absent'
}
