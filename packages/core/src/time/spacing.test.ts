import { describe, expect, it } from 'vitest'
import { Spacing } from './spacing.ts'

/** Samples of what happens every so many milliseconds, and how many stood between them. */
function gaps(every: number, samples: number, most = 1_000): number[] {
  const spacing = new Spacing()
  let now = 0
  return Array.from({ length: samples }, () => {
    const gap = spacing.next(now, most)
    now += gap * every
    return gap
  })
}

describe('the spacing of samples', () => {
  it('takes all of what is rare', () => {
    expect(gaps(20, 5)).toEqual([1, 1, 1, 1, 1])
    expect(gaps(1, 5)).toEqual([1, 1, 1, 1, 1])
  })

  it('takes one in many of what is frequent, until samples are a millisecond apart, or the most is reached', () => {
    expect(gaps(0.1, 8)).toEqual([1, 2, 4, 8, 16, 16, 16, 16])
    expect(gaps(0, 8, 10)).toEqual([1, 2, 4, 8, 10, 10, 10, 10])
  })

  it('comes closer again where less happens', () => {
    const spacing = new Spacing()
    for (let i = 0; i < 5; i++) spacing.next(0, 1_000)
    expect([spacing.next(20, 1_000), spacing.next(40, 1_000), spacing.next(60, 1_000)]).toEqual([8, 4, 2])
  })
})
