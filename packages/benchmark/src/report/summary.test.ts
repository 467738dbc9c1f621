import { describe, expect, it } from 'vitest'
import type { Tally } from '../load/sequence.ts'
import { createTally } from '../load/sequence.ts'
import type { Outcome } from '../load/task.ts'
import { flow } from '../scenarios/flow.ts'
import { pairs } from '../scenarios/layouts.ts'
import type { Row } from '../series.ts'
import { summarize } from './summary.ts'
import { printRow } from './table.ts'

function outcome(rate: number, tally: Partial<Tally> = {}): Outcome {
  return { values: { rate }, tally: { ...createTally(), ...tally }, shares: { load: 0.5, broker: 1 } }
}

const row: Row = {
  lineup: 'peers',
  scenario: flow('pair0', 'ten to ten', { layout: pairs(10) }),
  subject: 'ours',
  columns: [
    { broker: 'ours', rounds: [outcome(100), outcome(300), outcome(200)] },
    { broker: 'theirs', rounds: [outcome(10), outcome(10, { lost: 4 }), outcome(50, { lost: 3 })] },
    { broker: 'broken', rounds: [new Error('no port'), new Error('no port'), new Error('no port')] },
  ],
}

describe('a summary', () => {
  it('takes ratios within a round', () => {
    const [{ figures }] = summarize(row)
    expect(figures).toEqual([
      { broker: 'ours', median: 200, least: 100, most: 300, ratio: undefined },
      // 10, 30 and 4: not the medians' 200 / 10.
      { broker: 'theirs', median: 10, least: 10, most: 50, ratio: 10 },
    ])
  })

  it('is printed with what went wrong', () => {
    const text = printRow(row)
    expect(text).toMatch(/ours +200 +messages\/s +100 to 300 +100 % +50 %/)
    expect(text).toContain('! theirs: 7 lost')
    expect(text).toContain('! broken: failed: no port')
  })

  it('of a stack with itself says what is left of the first figure', () => {
    expect(printRow({ ...row, lineup: 'price' })).toMatch(/theirs .* 0\.10 /)
  })
})
