import { Ledger } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { ExpiryIndex } from './expiry-index.ts'
import { SessionRecord } from './session-record.ts'

const NOW = 1_800_000_000_000
const MANY = Number.POSITIVE_INFINITY
const ledger = new Ledger({ memoryCeiling: MANY, memoryShare: 1 })

function record(clientId: string, index: ExpiryIndex<SessionRecord>, seconds: number): SessionRecord {
  const made = new SessionRecord(clientId, undefined, ledger)
  made.expiresAt = NOW + seconds * 1_000
  index.add(made, made.expiresAt)
  return made
}

const due = (index: ExpiryIndex<SessionRecord>, seconds: number, limit = MANY): string[] =>
  index.due(NOW + seconds * 1_000, limit).map(({ clientId }) => clientId)

describe('an index of what expires', () => {
  it('finds nobody before the time, and everybody after it', () => {
    const index = new ExpiryIndex<SessionRecord>()
    record('ten', index, 10)
    record('five', index, 5)
    record('later', index, 5.2)
    expect(due(index, 4.9)).toEqual([])
    expect(due(index, 5)).toEqual(['five'])
    expect(due(index, 6)).toEqual(['five', 'later'])
    expect(due(index, 1_000_000)).toEqual(['five', 'later', 'ten'])
  })

  it('finds them again until they are deleted', () => {
    const index = new ExpiryIndex<SessionRecord>()
    const records = ['a', 'b', 'c'].map((id, i) => record(id, index, i))
    expect(due(index, 10, 2)).toEqual(['a', 'b'])
    index.delete(records[0], records[0].expiresAt)
    expect(due(index, 10, 2)).toEqual(['b', 'c'])
    index.delete(records[2], records[2].expiresAt)
    index.delete(records[2], records[2].expiresAt)
    expect(due(index, 10, 2)).toEqual(['b'])
    index.delete(records[1], records[1].expiresAt)
    expect(due(index, 10, 2)).toEqual([])
    expect(index.size).toBe(0)
  })

  it('takes those whose time is earlier than what was looked at already', () => {
    const index = new ExpiryIndex<SessionRecord>()
    const first = record('first', index, 100)
    expect(due(index, 200)).toEqual(['first'])
    index.delete(first, first.expiresAt)
    expect(due(index, 300)).toEqual([])
    record('second', index, 50)
    expect(due(index, 49)).toEqual([])
    expect(due(index, 50)).toEqual(['second'])
  })

  it('does not count what never expires', () => {
    const index = new ExpiryIndex<SessionRecord>()
    index.add(new SessionRecord('for ever', undefined, ledger), MANY)
    expect(index.size).toBe(0)
    expect(due(index, 1_000_000_000)).toEqual([])
  })
})
