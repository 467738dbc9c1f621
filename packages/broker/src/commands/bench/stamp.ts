/** The time in a payload, by which a subscriber knows how long its message was on the way. */
import { performance } from 'node:perf_hooks'

const MARK = Buffer.from('mqttstk1')
/** Bytes of a stamp; no payload that has one is shorter. */
export const STAMP: number = MARK.length + 8

/** Processes of one machine agree on it, to a millisecond or so. */
const now = (): number => performance.timeOrigin + performance.now()

/** A payload of so many bytes that was made now. */
export function stamped(size: number): Buffer {
  const payload = Buffer.alloc(Math.max(size, STAMP), 'x')
  MARK.copy(payload)
  payload.writeDoubleBE(now(), MARK.length)
  return payload
}

/** How old it is in ms; nothing where it was not made by {@link stamped}. */
export function ageOf(payload: Buffer): number | undefined {
  if (payload.length < STAMP || !MARK.equals(payload.subarray(0, MARK.length))) return undefined
  return now() - payload.readDoubleBE(MARK.length)
}
