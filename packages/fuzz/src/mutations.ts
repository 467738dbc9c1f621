/** What is done to a good packet: cut short, or one byte changed. */
import { Buffer } from 'node:buffer'

/** Prefixes (the whole packet among them), then each byte's 255 other values. */
export function mutationsOf(length: number): number {
  return length + 1 + 255 * length
}

/** Whether a mutation leaves less than the packet, and no other byte. */
export function isPrefix(mutation: number, length: number): boolean {
  return mutation < length
}

/** Whether a mutation leaves the packet as it is. */
export function isWhole(mutation: number, length: number): boolean {
  return mutation === length
}

/** The mutation of this number, from 0 to `mutationsOf(bytes.length) - 1`. */
export function mutate(bytes: Buffer, mutation: number): Buffer {
  if (mutation <= bytes.length) return bytes.subarray(0, mutation)
  const change = mutation - bytes.length - 1
  const at = Math.floor(change / 255)
  const changed = Buffer.from(bytes)
  changed[at] = (bytes[at] + 1 + (change % 255)) & 0xff
  return changed
}

/** Cuts bytes into chunks; places beyond the end wrap around. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  const at = [0, ...ends, bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

/** Numbers below `limit`, the same for the same seed (mulberry32). */
export function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}
