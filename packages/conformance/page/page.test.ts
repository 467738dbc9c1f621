import { describe, expect, it } from 'vitest'
import type { Test } from '../src/harness/chapter.ts'
import { chapter } from '../src/harness/chapter.ts'
import { chaptersOf } from '../src/protocol/index.ts'
import { nameOf, readColumns, withColumn } from './columns.mjs'
import { pageText } from './page.mjs'

const tests: readonly Test[] = chapter(4, '3.1 CONNECT', (test) => {
  test('3.1.0-1', 'does one | thing', async () => {})
  test('3.1.0-1 3.1.0-2', 'does another', async () => {})
  test('', 'does more', async () => {})
}).tests

const standard = {
  name: '3.1.1',
  version: 4,
  ids: ['MQTT-3.1.0-1', 'MQTT-3.1.0-2', 'MQTT-3.1.0-3', 'MQTT-3.1.0-4'],
  unseen: { 'MQTT-3.1.0-3': 'binds clients' },
} as const

const testsOf = (version: number): readonly Test[] => (version === 4 ? tests : [])
const statuses = ['pass', 'remark', 'skip'] as const
const results = tests.map((test, at) => ({ test, status: statuses[at], message: '' }))
const columns = withColumn({ key: 'mosquitto', name: 'Mosquitto', version: '2' }, results, tests, {
  brokers: [],
  results: {},
})

describe('columns', () => {
  it('keep what other brokers did, in their order, and ask for what they have not done', () => {
    const [first, second, third] = tests
    const ours = { key: 'mqtt-stack', name: 'mqtt-stack', version: '1' }
    const both = withColumn(ours, [{ test: second, status: 'fail', message: '' }], [first, second], columns)
    expect(both.brokers.map(({ key }) => key)).toEqual(['mqtt-stack', 'mosquitto'])
    expect(both.results[4]).toEqual({ [nameOf(first)]: '?p', [nameOf(second)]: 'fr' })
    const again = withColumn(ours, results, tests, both)
    expect(again.results[4]).toEqual({ [nameOf(first)]: 'pp', [nameOf(second)]: 'rr', [nameOf(third)]: '-?' })
  })

  it('of the repository have every test of the suite', () => {
    const rows = readColumns().results
    for (const version of [3, 4, 5] as const) {
      const names = chaptersOf(version).flatMap((one) => one.tests.map(nameOf))
      expect(Object.keys(rows[version])).toEqual(names)
    }
  })

  it('of the repository have an answer of every broker', () => {
    const open = Object.values(readColumns().results).flatMap((rows) =>
      Object.entries(rows).filter(([, letters]) => letters.includes('?')),
    )
    expect(open).toEqual([])
  })
})

describe('the page', () => {
  const page = pageText([standard], testsOf, columns)

  it('has a row for each statement: its worst test, or why there is none', () => {
    expect(page).toContain('| MQTT-3.1.0-1 | does one \\| thing<br>does another | pass * |')
    expect(page).toContain('| MQTT-3.1.0-2 | does another | pass * |')
    expect(page).toContain('| MQTT-3.1.0-3 | *no test: binds clients* |')
    expect(page).toContain('| MQTT-3.1.0-4 | *no test: open* |')
  })

  it('lists tests without a number, and counts', () => {
    expect(page).toContain('| 3.1 CONNECT | does more | – |')
    expect(page).toContain('| 3.1.1: 2 statements tested, 1 explained | 0 / 2 / 0 / 0 |')
    expect(page).toContain('| 3.1.1: 3 tests | 1 / 1 / 0 / 1 |')
  })
})
