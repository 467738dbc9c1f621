import { describe, expect, it } from 'vitest'
import type { Outcome } from './load/task.ts'
import { merge } from './merge.ts'

function part(rate: number, lost: number, load: number, broker?: number): Outcome {
  const tally = { delivered: rate, lost, doubled: 0, reordered: 0, wrong: 0 }
  return { values: { rate }, tally, shares: { load, broker } }
}

describe('the parts of a load', () => {
  it('count as one: rates, deliveries and their own work add up, the broker is one and the same', () => {
    expect(merge([part(100, 1, 0.6, 0.9), part(50, 2, 0.5, 0.7)])).toEqual({
      values: { rate: 150 },
      tally: { delivered: 150, lost: 3, doubled: 0, reordered: 0, wrong: 0 },
      shares: { load: 1.1, broker: 0.8, waiting: undefined },
    })
  })

  it('of one part is that part', () => {
    expect(merge([part(7, 0, 0.25)])).toEqual(part(7, 0, 0.25))
  })

  it('has no shares where one could not tell', () => {
    expect(merge([part(1, 0, 1), { ...part(1, 0, 1), shares: undefined }]).shares).toBeUndefined()
  })
})
