import { describe, expect, it } from 'vitest'
import type { Tally } from './sequence.ts'
import { createTally, faults, Sequence } from './sequence.ts'

function check(sent: number, ...delivered: number[]): Tally {
  const tally = createTally()
  const sequence = new Sequence(tally, 5, 2)
  for (const number of delivered) sequence.accept(6, number)
  sequence.settle((publisher) => (publisher === 6 ? sent : 0))
  return tally
}

describe('a sequence', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(check(4, 0, 1, 2, 3)).toEqual({ ...createTally(), delivered: 4 })
  })

  it('counts what is lost within and at the end', () => {
    expect(check(6, 0, 3, 4)).toEqual({ ...createTally(), delivered: 3, lost: 3 })
  })

  it('counts what comes twice, at once or later', () => {
    expect(check(3, 0, 0, 1, 2, 1)).toEqual({ ...createTally(), delivered: 3, doubled: 2 })
  })

  it('counts what comes late as reordered, and not as lost', () => {
    expect(check(4, 0, 2, 3, 1)).toEqual({ ...createTally(), delivered: 4, reordered: 1 })
  })

  it('counts what is late and then doubled as both', () => {
    expect(check(3, 0, 2, 1, 1)).toEqual({ ...createTally(), delivered: 3, reordered: 1, doubled: 1 })
  })

  it('takes a number that cannot be, and a publisher that is not heard, for wrong', () => {
    const tally = createTally()
    const sequence = new Sequence(tally, 0, 1)
    expect(sequence.accept(0, 0xffffffff)).toBe(false)
    expect(sequence.accept(1, 0)).toBe(false)
    expect(faults(tally)).toBe(2)
    expect(tally.wrong).toBe(2)
  })
})
