import { Ledger, Publish } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { LogEntry } from './log-entry.ts'
import { MessageLog } from './message-log.ts'

const MANY = Number.POSITIVE_INFINITY
const NOTHING = { identifiers: undefined, expiresAt: 0, share: undefined, publisher: undefined } as const
const account = new Ledger({ memoryCeiling: MANY, memoryShare: 1 }).account('bob')

function append(
  log: MessageLog,
  payload: string,
  maxMessages = 1_000,
  maxBytes = 1_000_000,
): number | string {
  const packet = Publish.from({ topic: 't', payload, qos: 2 })
  const message = { client: undefined, clientId: 'bob', epoch: 1, packet, messageId: 1_000 + log.size }
  const terms = { qos: 2, retain: false, identifiers: undefined, expiresAt: 0, share: undefined } as const
  const appended = log.append({ ...message, ...terms }, maxMessages, maxBytes)
  return typeof appended === 'string' ? appended : appended.sequence
}

/** What a read finds: `sequence payload`, or `sequence released`. */
function read(log: MessageLog, after = 0, limit = MANY): string[] {
  const found: LogEntry[] = []
  log.read(found, after, limit)
  return found.map(
    ({ sequence, packet, released }) => `${sequence} ${released ? 'released' : packet.payload}`,
  )
}

describe('a message log', () => {
  it('counts messages from 1, and never uses a number again', () => {
    const log = new MessageLog(account)
    expect([append(log, 'a'), append(log, 'b')]).toEqual([1, 2])
    log.remove(2)
    log.remove(1)
    expect(append(log, 'c')).toBe(3)
    log.clear()
    expect(append(log, 'd')).toBe(4)
    expect(read(log)).toEqual(['4 d'])
  })

  it('gives no message the packet identifier of one that is still in it', () => {
    const log = new MessageLog(account)
    append(log, 'never acknowledged')
    for (let i = 2; i <= 65_535; i++) log.remove(append(log, '') as number)
    // 65,536 would have identifier 1 again.
    expect(append(log, 'next')).toBe(65_537)
    expect(read(log, 65_500)).toEqual(['65537 next'])
  })

  it('is read in order, behind a place, as far as asked', () => {
    const log = new MessageLog(account)
    for (const payload of ['a', 'b', 'c', 'd', 'e']) append(log, payload)
    log.remove(1)
    expect(read(log)).toEqual(['2 b', '3 c', '4 d', '5 e'])
    expect(read(log, 3)).toEqual(['4 d', '5 e'])
    expect(read(log, 0, 2)).toEqual(['2 b', '3 c'])
    expect(read(log, 2, 2)).toEqual(['3 c', '4 d'])
    expect(read(log, 5)).toEqual([])
    expect(read(log, 99)).toEqual([])
    expect(read(log, 0, 0)).toEqual([])
    log.remove(3)
    expect(read(log, 1)).toEqual(['2 b', '4 d', '5 e'])
  })

  it('keeps the place of what is released, and lets its payload go', () => {
    const log = new MessageLog(account)
    const large = 'x'.repeat(10_000)
    for (const payload of ['a', large, 'c']) append(log, payload)
    const before = log.bytes
    log.release(2)
    log.release(2)
    log.release(99)
    expect(read(log)).toEqual(['1 a', '2 released', '3 c'])
    expect(before - log.bytes).toBeGreaterThan(10_000)
    for (const sequence of [2, 1, 3, 3]) log.remove(sequence)
    expect([log.size, log.bytes]).toEqual([0, 0])
  })

  it('is bounded in messages and bytes, and takes more once something is delivered', () => {
    const log = new MessageLog(account)
    expect([append(log, 'a', 2), append(log, 'b', 2), append(log, 'c', 2)]).toEqual([1, 2, 'log-full'])
    log.remove(1)
    expect(append(log, 'd', 2)).toBe(3)
    const small = new MessageLog(account)
    const large = 'x'.repeat(400)
    expect([append(small, large, 10, 1_000), append(small, large, 10, 1_000)]).toEqual([1, 2])
    expect(append(small, large, 10, 1_000)).toBe('log-full')
    small.remove(1)
    expect(append(small, large, 10, 1_000)).toBe(3)
    small.clear()
    expect([small.size, small.bytes]).toEqual([0, 0])
  })

  it('can be thinned by the broker’s identifiers, as the seed does', () => {
    const log = new MessageLog(account)
    for (const payload of ['a', 'b', 'c']) append(log, payload)
    for (const sequence of log.sequencesOf([1_002, 1_000, 77])) log.remove(sequence)
    expect(read(log)).toEqual(['2 b'])
  })

  it('finds what is behind a place, whatever was delivered before it', () => {
    const log = new MessageLog(account)
    for (let i = 0; i < 200; i++) append(log, 'x')
    // One message stays unacknowledged while thousands go by.
    for (let sequence = 2; sequence <= 5_000; sequence++) {
      append(log, 'x')
      log.remove(sequence)
    }
    expect(read(log, 5_000, 3)).toEqual(['5001 x', '5002 x', '5003 x'])
    expect(read(log, 0, 2)).toEqual(['1 x', '5001 x'])
    expect(log.size).toBe(200)
  })

  it.each([true, false])('keeps what an earlier process left, room or not (in memory: %s)', (held) => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 0.1 })
    const log = new MessageLog(ledger.account('bob'))
    const packet = Publish.from({ topic: 't', payload: 'x'.repeat(5_000), qos: 2 })
    const terms = { qos: 2, retain: false, identifiers: undefined, expiresAt: 0, share: undefined } as const
    const entry = new LogEntry({ messageId: 1, packet, publisher: undefined, ...terms }, 1)
    if (!held) entry.letGo()
    log.restoreEntry(entry)
    expect(ledger.held).toBeGreaterThan(100)
    log.clear()
    expect(ledger.held).toBe(0)
  })

  it('takes the entries of another node before its own, which it has numbered above them', () => {
    const log = new MessageLog(account)
    log.restore(100_000, 5)
    expect(append(log, 'new')).toBe(100_001)
    const packet = Publish.from({ topic: 't', payload: 'old', qos: 2 })
    const entry = (sequence: number): LogEntry =>
      new LogEntry({ messageId: sequence, packet, qos: 2, retain: false, ...NOTHING }, sequence)
    log.putEarlier([entry(3), entry(7)])
    expect(read(log)).toEqual(['3 old', '7 old', '100001 new'])
    expect(read(log, 3)).toEqual(['7 old', '100001 new'])
    expect(read(log, 7, 1)).toEqual(['100001 new'])
    expect([log.size, append(log, 'newer')]).toEqual([3, 100_002])
  })

  it('hands out no sequence beyond those that are its own', () => {
    const log = new MessageLog(account)
    append(log, 'a')
    log.limit = 2
    expect([append(log, 'b'), append(log, 'c')]).toEqual([2, 'log-full'])
  })
})
