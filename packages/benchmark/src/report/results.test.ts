import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTally } from '../load/sequence.ts'
import type { Outcome } from '../load/task.ts'
import { chooseScenarios } from '../scenarios/index.ts'
import { document } from './document.ts'
import { handWritten } from './hand-written.ts'
import type { Result } from './results.ts'
import { keepResult, keptResults } from './results.ts'

const setting = {
  date: '2026-01-02',
  node: '20.1.2',
  machine: 'linux x64',
  runs: 1,
  seconds: 3,
  warmup: 2,
  pin: false,
}

function outcome(rate: number, lost = 0): Outcome {
  return { values: { rate }, tally: { ...createTally(), lost }, shares: { load: 0.5, broker: 1 } }
}

function result(name: string, rate: number, change: Partial<Result> = {}): Result {
  const [scenario] = chooseScenarios([name])
  const columns = [
    { broker: 'mqtt-stack', version: '1.0.0', rounds: [outcome(rate)] },
    { broker: 'aedes', version: '1.2.0', rounds: [outcome(100)] },
  ]
  return { lineup: 'peers', scenario, subject: 'mqtt-stack', columns, setting, ...change }
}

describe('results', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'results-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('come back in the order of the scenarios', () => {
    const rows = [result('pair1', 200), result('pair0', 300)]
    for (const row of rows) keepResult(directory, row)
    expect(keptResults(directory)).toEqual(rows.toReversed())
  })

  it('replace those of the same scenario and lineup alone', () => {
    keepResult(directory, result('pair0', 300))
    keepResult(directory, result('pair1', 300))
    keepResult(directory, result('pair0', 300, { lineup: 'price' }))
    keepResult(directory, result('pair0', 500))
    const rates = keptResults(directory).map(({ columns }) => (columns[0].rounds[0] as Outcome).values.rate)
    expect(rates).toEqual([500, 300, 300])
  })

  it('keep why a round failed, without paths', () => {
    const columns = [
      { broker: 'aedes', rounds: [new Error('aedes did not start: /home/me/x failed\nstack')] },
    ]
    keepResult(directory, result('pair0', 1, { columns }))
    expect(keptResults(directory)[0].columns[0].rounds).toEqual([
      new Error('aedes did not start: ... failed'),
    ])
    expect(readFileSync(join(directory, readdirSync(directory)[0]), 'utf8')).not.toContain('/home')
  })

  it('are none where nothing was kept', () => {
    expect(keptResults(join(directory, 'not-there'))).toEqual([])
  })
})

describe('the page', () => {
  it('has ratios, figures and shares by scenario', () => {
    const page = document([result('pair0', 1234), result('pair1', 50)], '')
    expect(page).toContain('| scenario | of | mqtt-stack | to aedes | its core |')
    expect(page).toContain('| pair0 | messages/s | 1,230 | 12.3 | 100 % |')
    expect(page).toContain('| pair1 | messages/s | 50 | 100 |')
    expect(page).toContain('| pair0 | 100 %, 50 % | 100 %, 50 % |')
    expect(page).toContain('mqtt-stack 1.0.0, aedes 1.2.0')
    expect(page).toContain('no message, in any scenario and round')
  })

  it('has tables of their own for prices and other Nodes', () => {
    const columns = [
      { broker: 'default', rounds: [outcome(200)] },
      { broker: 'async handle', rounds: [outcome(150)] },
    ]
    const page = document([result('pair0', 1, { lineup: 'price', subject: 'default', columns })], '')
    expect(page).toContain('| pair0 | messages/s | 200 | 150 (0.75) |')
    expect(page).not.toContain('## Ratios')
  })

  it('says which rows were measured otherwise', () => {
    const other = result('pair1', 50, { setting: { ...setting, runs: 5, date: '2026-02-01' } })
    const page = document([result('pair0', 50), other], '')
    expect(page).toMatch(/median of 1 round,.* \(pair0\)/)
    expect(page).toMatch(/median of 5 rounds,.* \(pair1\)/)
    expect(page).toContain('from 2026-01-02 to 2026-02-01')
  })

  it('tells what mqtt-stack lost', () => {
    const columns = [{ broker: 'mqtt-stack', rounds: [outcome(1, 7)] }]
    const page = document([result('pair0', 1, { columns })], '')
    expect(page).toContain('see below.\n\n- pair0: mqtt-stack: 7 lost')
  })

  it('tells where the machine was busy with something else', () => {
    const crowded = { ...outcome(1), shares: { load: 1, broker: 0.4, waiting: 0.5 } }
    const page = document([result('pair0', 1, { columns: [{ broker: 'aedes', rounds: [crowded] }] })], '')
    expect(page).toContain('## To be read with care\n\n- pair0: aedes: the load was as busy')
    expect(page).toContain('- pair0: ready to run, and no core was free, of the time: aedes 50 %')
  })

  it('keeps what people wrote when it is written again', () => {
    const first = document([result('pair0', 1)], '')
    expect(first).toContain('Nothing is written here yet.')
    const edited = first.replace('Nothing is written here yet.', '- **pair0**: copying.\n- more')
    const again = document([result('pair0', 2)], edited)
    expect(handWritten(again)).toBe(
      '<!-- hand-written -->\n- **pair0**: copying.\n- more\n<!-- /hand-written -->',
    )
    expect(document([result('pair0', 1)], again)).toBe(edited)
  })

  it('is not written over a section that does not end', () => {
    expect(() => handWritten('<!-- hand-written -->\ntext')).toThrow('without')
  })
})
