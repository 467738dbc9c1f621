import type { SharedStore } from '@mqtt-stack/core/backend'
import { describe, expect, it } from 'vitest'
import { MemoryService } from './memory-service.ts'
import { settle } from './settle.ts'
import { VirtualClock } from './virtual-clock.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const put = (key: string): { key: Uint8Array; value: Uint8Array } => ({ key: bytes(key), value: bytes('x') })

interface Harness {
  readonly clock: VirtualClock
  readonly service: MemoryService
  readonly a: SharedStore
  readonly b: SharedStore
  /** What `b` was told. */
  readonly told: string[]
}

async function twoNodes(): Promise<Harness> {
  const clock = new VirtualClock()
  const service = new MemoryService({ clock, lease: 3_000, patience: 5_000 })
  const [a, b] = [service.node('a'), service.node('b')]
  const told: string[] = []
  a.listen({ reach: () => {}, cast: () => {} })
  b.listen({
    reach: (failure) => told.push(failure === undefined ? 'back' : failure.message),
    cast: (cast) => told.push(new TextDecoder().decode(cast)),
  })
  await a.open()
  await b.open()
  return { clock, service, a, b, told }
}

/** What became of a promise until now. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const state = promise.then(
    (value) => `fulfilled with ${String(value)}`,
    (error: Error) => `rejected with ${error.message}`,
  )
  await settle()
  return Promise.race([state, Promise.resolve('pending')])
}

describe('MemoryService', () => {
  it('ends a wait for an entry by the entry, or by a second of the clock', async () => {
    const { clock, a, b } = await twoNodes()
    const coming = b.receive('', 10)
    expect(await stateOf(coming)).toBe('pending')
    expect(await a.send('b', bytes('one'))).toBe(true)
    const [{ position }] = await coming
    const none = b.receive(position, 10)
    await clock.advance(999)
    expect(await stateOf(none)).toBe('pending')
    await clock.advance(1)
    expect(await none).toEqual([])
  })

  it.each([
    ['lost', 0],
    ['written', 1],
  ] as const)('kills a node; what it has under way is %s', async (underWay, keys) => {
    const { service, a } = await twoNodes()
    const writing = a.write([put('k')])
    service.kill('a', underWay)
    expect(await stateOf(writing)).toBe('pending')
    expect(service.left.parts.a).toEqual({ keys, entries: 0, bytes: 0 })
    expect(await stateOf(a.renew())).toBe('pending')
  })

  it('holds the calls of a node that hangs, without a word', async () => {
    const { clock, service, b, told } = await twoNodes()
    service.hang('b')
    const writing = b.write([put('k')])
    await clock.advance(60_000)
    expect(await stateOf(writing)).toBe('pending')
    service.heal('b')
    expect(await stateOf(writing)).toBe('fulfilled with undefined')
    expect(told).toEqual([])
  })

  it('tells a node that is cut off, whose calls wait for a while and then fail', async () => {
    const { clock, service, a, b, told } = await twoNodes()
    service.cut('b')
    const writing = b.write([put('k')])
    a.cast('b', bytes('lost'))
    await clock.advance(4_999)
    expect(await stateOf(writing)).toBe('pending')
    await clock.advance(1)
    expect(await stateOf(writing)).toBe('rejected with the store is out of reach')
    const renewed = b.renew()
    service.heal('b')
    expect(await stateOf(renewed)).toBe('fulfilled with undefined')
    a.cast('b', bytes('cast'))
    await settle()
    expect(told).toEqual(['the store is out of reach', 'back', 'cast'])
  })

  it('loses an answer: what is sent again comes twice, what is written again does not', async () => {
    const { service, a, b } = await twoNodes()
    service.lose('a', 'send')
    expect(await a.send('b', bytes('one'))).toBe(true)
    expect(await b.receive('', 10)).toHaveLength(2)
    service.lose('a', 'retain')
    await a.retained.write([put('t')], bytes('fed'))
    expect(await b.retained.changes('', 10)).toHaveLength(1)
    service.lose('a', 'write', 'failed')
    await expect(a.write([put('k')])).rejects.toThrow('the answer of the store was lost')
    expect(service.left).toEqual({
      parts: { a: { keys: 1, entries: 0, bytes: 0 }, b: { keys: 0, entries: 2, bytes: 6 } },
      names: 0,
      retained: 1,
    })
  })

  it('takes its time for calls and casts', async () => {
    const { clock, service, a, told } = await twoNodes()
    service.lag = 20
    const swapped = a.swap('s', undefined, 'a')
    a.cast('b', bytes('cast'))
    await clock.advance(19)
    expect([await stateOf(swapped), told]).toEqual(['pending', []])
    await clock.advance(1)
    expect([await stateOf(swapped), told]).toEqual(['fulfilled with undefined', ['cast']])
  })

  it.each([
    ['send', (a: SharedStore) => a.send('b', bytes('x')), 'two sends from a to b at once'],
    ['write', (a: SharedStore) => a.write([put('k')]), 'two writes into the part of a at once'],
  ])('refuses a second %s while one is under way', async (_what, ask, message) => {
    const { a } = await twoNodes()
    const first = ask(a)
    await expect(ask(a)).rejects.toThrow(message)
    await first
  })
})
