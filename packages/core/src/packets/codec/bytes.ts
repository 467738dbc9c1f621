/** Copying a few bytes, and memory for them. */
import { Buffer } from 'node:buffer'

/** Up to here a loop beats the call into the copy of the runtime. */
const SHORT = 160

/** Copies `from[start..end)` to `to` at `at`. */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SHORT) to.set(from.subarray(start, end), at)
  else for (let next = at, i = start; i < end; ) to[next++] = from[i++]
}

/**
 * Memory that messages share which are kept for a while: making a buffer costs more than copying into one. A message
 * that outlives its neighbours holds one such piece, of which only its own bytes are counted: so pieces are small.
 */
const SHARED_BYTES = 2_048
const SHARED_AT_MOST = 512

/** The piece that is handed out now, and where its next free byte is. One object, so that taking makes none. */
const place = { bytes: Buffer.allocUnsafeSlow(SHARED_BYTES), start: 0 }
let free = 0

/** Room for `length` bytes from `start`, valid until the next call; `undefined` for more than is shared. */
export function takeShared(length: number): { readonly bytes: Buffer; readonly start: number } | undefined {
  if (length > SHARED_AT_MOST) return undefined
  if (free + length > SHARED_BYTES) {
    place.bytes = Buffer.allocUnsafeSlow(SHARED_BYTES)
    free = 0
  }
  place.start = free
  free += length
  return place
}
