import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { isSealed, MIN_PAYLOAD, publisherOf, sequenceOf, stamp } from './payload.ts'

describe('a stamped payload', () => {
  it.each([0, 1, 255, 65_536, 0x7fffffff, 0xfffffffe])(
    'tells its number %i and its publisher',
    (sequence) => {
      const buffer = Buffer.alloc(MIN_PAYLOAD + 6)
      stamp(buffer, 2, 2 + MIN_PAYLOAD, 4999, sequence)
      expect(isSealed(buffer, 2, 2 + MIN_PAYLOAD)).toBe(true)
      expect(sequenceOf(buffer, 2)).toBe(sequence)
      expect(publisherOf(buffer, 2)).toBe(4999)
    },
  )

  it('is not sealed when its bytes are shifted or of two messages', () => {
    const buffer = Buffer.alloc(64)
    stamp(buffer, 0, 32, 1, 7)
    stamp(buffer, 32, 64, 1, 8)
    expect(isSealed(buffer, 0, 31)).toBe(false)
    expect(isSealed(buffer, 0, 64)).toBe(false)
  })
})
