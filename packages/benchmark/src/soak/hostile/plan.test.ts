import { describe, expect, it } from 'vitest'
import { planOf } from './plan.ts'

describe('the plan of a hostile soak', () => {
  it('has minutes in half an hour', () => {
    expect(planOf(1800)).toEqual({ rehearsal: 60, opening: 60, cycles: 16, hostile: 60, quiet: 30 })
  })

  it('has shorter spans in less, and always one cycle', () => {
    expect(planOf(60)).toEqual({ rehearsal: 6, opening: 6, cycles: 4, hostile: 6, quiet: 3 })
    expect(planOf(1)).toEqual({ rehearsal: 2, opening: 2, cycles: 1, hostile: 2, quiet: 1 })
  })
})
