/** Which messages of a session that moves are its old home's to give. */
import { Ledger, Publish } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { LogEntry } from '../log-entry.ts'
import { SessionRecord } from '../session-record.ts'
import { ceilingOf, HandOver } from './hand-over.ts'

const MANY = Number.POSITIVE_INFINITY
const HOME = { node: 'a', tenure: 1 }

function handOver(): HandOver {
  const record = new SessionRecord('bob', undefined, new Ledger({ memoryCeiling: MANY, memoryShare: 1 }))
  return new HandOver(record, HOME, 'b', 7, 1_000)
}

function entry(messageId: number, group?: string): LogEntry {
  const share = group === undefined ? undefined : { group, filter: 't' }
  const terms = { qos: 1, retain: false, identifiers: undefined, expiresAt: 0, publisher: undefined } as const
  return new LogEntry({ messageId, packet: Publish.from({ topic: 't' }), share, ...terms }, messageId)
}

describe('a session that is handed over', () => {
  it('gives what was there, and what each node sent before its mark', () => {
    const session = handOver()
    session.note('a', 2)
    session.note('c', 3)
    session.mark('c')
    session.note('c', 4)
    session.note('a', 5)
    session.mark('a')
    session.note('a', 6)
    session.count(['a', 'b', 'c'])
    expect([1, 2, 3, 4, 5, 6].filter((id) => session.gives(entry(id)))).toEqual([1, 2, 3, 5])
  })

  it('gives nothing of a node that came when its new home had it already', () => {
    const session = handOver()
    session.note('late', 2)
    session.count(['a', 'b'])
    expect(session.gives(entry(2))).toBe(false)
  })

  it('gives what was for a group whenever it came: it was sent here alone', () => {
    const session = handOver()
    session.mark('c')
    session.note('c', 2)
    session.count(['c'])
    expect([session.gives(entry(2)), session.gives(entry(2, 'workers'))]).toEqual([false, true])
  })

  it('is ready when all who were asked have marked, and not where one of them dies before', async () => {
    for (const isDead of [false, true]) {
      const session = handOver()
      const states: boolean[] = []
      session.ready.then((state) => states.push(state))
      const live = new Set(['a', 'b', 'c'])
      const judge = async (): Promise<unknown> => {
        const isPossible = session.judge((node) => live.has(node))
        await new Promise(setImmediate)
        return [isPossible, ...states]
      }
      session.mark('a')
      expect(await judge()).toEqual([true])
      session.count(['a', 'b', 'c'])
      session.mark('b')
      expect(await judge()).toEqual([true])
      if (isDead) live.delete('c')
      else session.mark('c')
      expect(await judge()).toEqual(isDead ? [false] : [true, true])
    }
  })

  it('gives what was sent in the name of a dead node, of which no mark comes', async () => {
    const session = handOver()
    session.note('dead', 2)
    session.mark('a')
    session.count(['a'], ['dead'])
    expect([session.hasQuiet, session.judge(() => false)]).toEqual([true, true])
    expect(await session.ready).toBe(true)
    expect(session.gives(entry(2))).toBe(true)
  })

  it('numbers no message as its new home does', () => {
    const session = handOver()
    const { log } = session.record.ensureState()
    const packet = Publish.from({ topic: 't', qos: 1 })
    const message = { ...entry(1), packet }
    let last = 0
    for (let i = 0; i < 20_000; i++) {
      const appended = log.append(message, MANY, MANY)
      if (typeof appended === 'string') break
      last = appended.sequence
    }
    expect(last).toBe(log.limit)
    expect(last).toBeLessThan(session.ceiling)
    expect(ceilingOf(5, 50_000)).toBe(5 + 50_000 + 65_536)
  })
})
