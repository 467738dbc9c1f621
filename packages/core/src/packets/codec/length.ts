/** The variable byte integer of the remaining length: seven bits a byte, at most four bytes. */

/** Largest remaining length that four bytes can say. */
export const MAX_REMAINING_LENGTH = 268_435_455

/** How many bytes a length takes, 1 to 4. */
export function lengthBytes(length: number): number {
  if (length < 128) return 1
  if (length < 16_384) return 2
  return length < 2_097_152 ? 3 : 4
}

/** Writes a length at `at`; answers where the next byte goes. */
export function writeLength(bytes: Uint8Array, at: number, length: number): number {
  let rest = length
  let next = at
  while (rest > 127) {
    bytes[next++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[next++] = rest
  return next
}
