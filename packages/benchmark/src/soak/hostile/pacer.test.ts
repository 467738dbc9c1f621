import { describe, expect, it } from 'vitest'
import { Pacer } from './pacer.ts'

describe('a steady rate', () => {
  it('is kept by the clock, however late it is looked at', () => {
    const pacer = new Pacer(2000, 4000)
    pacer.begin(1000)
    expect([1000, 1000.4, 1001, 1001.1, 1501].map((now) => pacer.due(now, 0))).toEqual([0, 0, 2, 0, 1000])
    expect(pacer.skipped).toBe(0)
  })

  it('begins anew behind a pause, of which nothing is due', () => {
    const pacer = new Pacer(2000, 4000)
    pacer.begin(0)
    expect(pacer.due(1000, 0)).toBe(2000)
    pacer.begin(60_000)
    expect(pacer.due(60_010, 0)).toBe(20)
  })

  it('is not made up for beyond what may be under way, so that it ends on a machine that is too slow', () => {
    const pacer = new Pacer(2000, 4000)
    pacer.begin(0)
    let [underWay, longest] = [0, 0]
    // A tenth of the rate is what this machine can do, and each look takes as long as what it sends.
    for (let now = 0; now < 60_000; ) {
      const sent = pacer.due(now, underWay)
      longest = Math.max(longest, sent)
      const took = Math.max(1, sent * 5)
      underWay = Math.max(0, underWay + sent - took / 5)
      now += took
    }
    expect(underWay).toBeLessThanOrEqual(4000)
    expect(longest).toBeLessThanOrEqual(4000)
    expect(pacer.skipped).toBeGreaterThan(60_000)
  })
})
