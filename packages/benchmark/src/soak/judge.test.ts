import { describe, expect, it } from 'vitest'
import type { Tally } from '../load/sequence.ts'
import { createTally } from '../load/sequence.ts'
import { growth, judge, pauseFigures } from './judge.ts'
import { soakPage } from './page.ts'
import type { Plateau, SoakResult } from './run.ts'

const MIB = 2 ** 20
const about = { date: '2026-01-02', node: '20.1.2', version: '1.0.0', machine: 'linux x64' }

function result(change: Partial<Plateau>[], tally: Partial<Tally> = {}): SoakResult {
  const plateaus = change.map((each, i): Plateau => {
    const at = (i + 1) * 100
    const memory = { busy: 90 * MIB, rss: 80 * MIB, heapUsed: 20 * MIB, external: MIB }
    return { at, rate: 1000, ...memory, pauses: [], shares: { load: 1, waiting: 0.25 }, ...each }
  })
  return { plateaus, flows: [{ name: 'pair0', about: 'pairs', tally: { ...createTally(), ...tally } }] }
}

describe('the verdict on a soak', () => {
  it('is good where nothing grows, stops or is lost', () => {
    const pauses = [{ kind: 'minor', ms: 3 } as const]
    expect(judge(result([{ pauses }, {}, {}, {}])).problems).toEqual([])
  })

  it('tells a heap and resident memory that grow', () => {
    const growing = [0, 1, 2, 3, 4, 5].map((n) => ({ heapUsed: (20 + n) * MIB, rss: (80 + 6 * n) * MIB }))
    expect(judge(result(growing)).problems).toEqual(['the heap grows', 'resident memory grows'])
  })

  it('does not judge the memory of a short run', () => {
    expect(judge(result([{}, { heapUsed: 90 * MIB }])).problems).toEqual([])
  })

  it('tells long pauses, and messages that were not delivered as they were sent', () => {
    const pauses = Array.from({ length: 50 }, (_, i) => ({ kind: 'major', ms: i }) as const)
    expect(judge(result([{ pauses }], { reordered: 1 })).problems).toEqual([
      'not delivered as it was sent: pair0',
      'garbage collection pauses at p99: 49.0 ms',
    ])
  })
})

describe('growth', () => {
  it('compares medians of the first and the last third, and allows some slack', () => {
    const slack = { share: 0.1, bytes: 0 }
    expect(growth([10, 99, 10, 50, 50, 50, 11, 11, 0], slack)).toEqual({ first: 10, last: 11, flat: true })
    expect(growth([10, 10, 12], slack).flat).toBe(false)
    expect(growth([10, 10, 12], { share: 0, bytes: 2 }).flat).toBe(true)
  })
})

describe('pauses', () => {
  it('are told for all and kind by kind', () => {
    const pauses = pauseFigures([
      { kind: 'minor', ms: 1 },
      { kind: 'minor', ms: 3 },
      { kind: 'major', ms: 8 },
    ])
    expect(pauses).toEqual([
      { kind: 'all', count: 3, p50: 3, p99: 8, max: 8, total: 12 },
      { kind: 'major', count: 1, p50: 8, p99: 8, max: 8, total: 8 },
      { kind: 'minor', count: 2, p50: 1, p99: 3, max: 3, total: 4 },
    ])
  })
})

describe('the page of a soak', () => {
  it('has conditions, a verdict and a line for each plateau', () => {
    const measured = result([{ pauses: [{ kind: 'minor', ms: 2.5 }] }, {}, {}, {}])
    const page = soakPage(measured, judge(measured), about)
    expect(page).toContain('- mqtt-stack 1.0.0, node 20.1.2, linux x64; 2026-01-02.')
    expect(page).toContain('had no core for 25 % of the time')
    expect(page).toContain('- Verdict: as it must be.')
    expect(page).toContain('| minor | 1 | 2.50 | 2.50 | 2.50 | 0.00 % |')
    expect(page).toContain('| 1:40 | 1,000 | 90.0 | 80.0 | 20.0 | 1.0 | 1 | 2.5 |')
    expect(page).not.toContain('too short')
  })

  it('says what was too short to judge', () => {
    const measured = result([{}])
    expect(soakPage(measured, judge(measured), about)).toContain('too short to judge memory')
  })
})
