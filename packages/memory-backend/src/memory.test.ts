/** What clients make a broker keep is counted once, and has a ceiling for all and a share for each. */
import type { Context, MiddlewareLike, StackOptions, Store } from '@mqtt-stack/core'
import { Ledger, Publish, ReasonCode } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'
import { SESSION_COST } from '../../core/src/backend/costs.ts'
import { RetainedMessages } from '../../core/src/backend/retained-messages.ts'
import { MemoryBackend } from './memory-backend.ts'
import type { MemoryBackendOptions } from './options.ts'

const FULL = ReasonCode.QUOTA_EXCEEDED

interface Room extends Broker5 {
  /** What was dropped: `who: topic reason`. */
  readonly dropped: string[]
  held(): number
}

function room(stack: StackOptions, options?: MemoryBackendOptions): Room {
  const dropped: string[] = []
  const told: MiddlewareLike = {
    name: 'Told',
    messageDropped: ({ clientId, packet, reason }: Context<'messageDropped'>) =>
      void dropped.push(`${clientId}: ${packet.topic} ${reason}`),
  }
  const rig = broker5({ stack, use: [told], backend: new MemoryBackend(options) })
  return { ...rig, dropped, held: () => rig.broker.stack.ledger.held }
}

const kept = (clientId: string, remote?: string) => ({
  clientId,
  clean: false,
  properties: { sessionExpiryInterval: 600 },
  listener: { transport: 'memory', local: true, remote },
})

const at = (remote: string) => ({ listener: { transport: 'memory', local: true, remote } })

const code = async (client: TestClient, topic: string, payload: string, retain = false): Promise<unknown> => {
  const ack = await client.publish(topic, payload, { qos: 1, retain })
  return ack && 'reasonCode' in ack ? ack.reasonCode : undefined
}

describe('the memory that a broker keeps for its clients', () => {
  it('is counted for sessions: one address cannot have all, and who ends with the connection still comes in', async () => {
    const { open, client, broker, seconds, held } = room({ memoryCeiling: 13 * SESSION_COST })
    const refused: unknown[] = []
    for (let i = 0; i < 10; i++) {
      const one = open(kept(`c${i}`, '192.0.2.1:1'))
      const { reasonCode } = await one.connect(kept(`c${i}`))
      refused.push(reasonCode)
      if (reasonCode === 0) await one.disconnect()
    }
    expect(refused).toEqual([...new Array(5).fill(0), ...new Array(5).fill(FULL)])
    await client({ clientId: 'clean', ...at('192.0.2.1:2') })
    await client(kept('elsewhere', '192.0.2.2:1'))
    expect(broker.stack.ledger.owners).toBe(2)
    await seconds(700)
    for (const one of broker.stack.clients) one.close()
    await seconds(700)
    expect([held(), broker.stack.ledger.owners]).toEqual([0, 0])
  })

  it('leaves places for sessions that end with their connection, however many others there are', async () => {
    const { open, client } = room({}, { sessions: 32 })
    const codes: unknown[] = []
    for (let i = 0; i < 32; i++) codes.push((await open(kept(`c${i}`)).connect(kept(`c${i}`))).reasonCode)
    expect(codes.indexOf(FULL)).toBe(30)
    await client({ clientId: 'clean' })
    await client({ clientId: 'clean too' })
    expect((await open().connect({ clientId: 'one more' })).reasonCode).toBe(FULL)
  })

  it('is told to older clients by return code 3', async () => {
    const { open } = room({ memoryCeiling: 2 * SESSION_COST })
    const old = open({ clientId: 'old', protocolVersion: 4 })
    expect(await old.connect({ clientId: 'old', clean: false })).toMatchObject({ returnCode: 3 })
  })

  it('is counted for subscriptions, which are refused, and given back by UNSUBSCRIBE', async () => {
    const { client, held } = room({ memoryCeiling: 20_000 })
    const one = await client(at('192.0.2.1:1'))
    const before = held()
    const filters = Array.from({ length: 10 }, (_, i) => `${'x'.repeat(600)}/${i}`)
    const { granted } = await one.subscribe(filters)
    expect(granted).toEqual([0, 0, 0, ...new Array(7).fill(FULL)])
    expect((await one.subscribe(filters[0])).granted).toEqual([0])
    expect((await (await client(at('192.0.2.2:1'))).subscribe('free')).granted).toEqual([0])
    await one.unsubscribe(filters)
    expect((await one.subscribe(filters.slice(5, 8))).granted).toEqual([0, 0, 0])
    await one.unsubscribe(filters)
    expect(held()).toBeLessThan(before + 6_000)
  })

  it('is counted for the refused subscriptions of a kept session as for none', async () => {
    const { client, memory, held } = room({ memoryCeiling: 12_000 })
    const one = await client(kept('one'))
    const before = held()
    const { granted } = await one.subscribe(['x'.repeat(2_000)])
    expect(granted).toEqual([FULL])
    expect([held(), memory.stats.subscriptions]).toEqual([before, 0])
  })

  it('is counted for retained topics and payloads, which are refused, and told', async () => {
    const { client, dropped, held, memory } = room({ memoryCeiling: 26_000 })
    const one = await client(at('192.0.2.1:1'))
    const before = held()
    const codes: unknown[] = []
    for (let i = 0; i < 6; i++) codes.push(await code(one, `${i}`.repeat(2_000), 'x', true))
    expect(codes.map((value) => value === FULL)).toEqual([false, false, false, false, true, true])
    expect(dropped).toHaveLength(2)
    expect(dropped[0]).toMatch(/^client-1: 4{2000} retained-full$/)
    // What replaces another needs no more room than it had.
    expect(await code(one, '0'.repeat(2_000), 'y', true)).not.toBe(FULL)
    expect(await code(await client(at('192.0.2.2:1')), 't', 'x', true)).not.toBe(FULL)
    for (let i = 0; i < 4; i++) await one.publish(`${i}`.repeat(2_000), '', { retain: true })
    await one.publish('t', '', { retain: true })
    await one.ping()
    expect([memory.stats.retained, held()]).toEqual([0, before + SESSION_COST + 'client-2'.length])
  })

  it('is free at once of retained messages whose time is over', () => {
    const ledger = new Ledger({ memoryCeiling: 10_000, memoryShare: 1 })
    const retained = new RetainedMessages({ messages: 100, payload: 10_000, bytes: 1_000_000 })
    const retain = (topic: string, now: number): boolean => {
      const packet = Publish.from({ topic, payload: 'x'.repeat(2_000), retain: true })
      const store: Store<'storeRetainedMessage'> = {}
      const ctx = { client: undefined, topic, packet, messageId: 1, expiresAt: now + 60_000 }
      retained.store(ctx, store, ledger.account('alice'), now)
      return store.refused === undefined
    }
    expect(['a', 'b', 'c', 'd'].map((topic) => retain(topic, 0))).toEqual([true, true, true, false])
    expect(retain('d', 60_000)).toBe(true)
    expect(retained.size).toBe(1)
  })

  it('is counted for logs: the copy of whose owner is full is dropped and told, everybody else has it', async () => {
    const { client, dropped, memory, seconds, held } = room({ memoryCeiling: 60_000 })
    const sleepers = [kept('a', '192.0.2.1:1'), kept('b', '192.0.2.1:1'), kept('c', '192.0.2.2:1')]
    for (const who of sleepers) {
      const one = await client(who)
      await one.subscribe('t', { qos: 1 })
      await one.disconnect()
    }
    const publisher = await client(at('192.0.2.3:1'))
    const codes: unknown[] = []
    for (let i = 0; i < 5; i++) codes.push(await code(publisher, 't', 'x'.repeat(4_000)))
    expect(codes).toEqual(new Array(5).fill(0))
    expect(dropped).toEqual([1, 2, 3].flatMap(() => ['a: t memory-full', 'b: t memory-full']))
    // Five for c, two for each of the others.
    expect(memory.stats.messages).toBe(9)
    await publisher.disconnect()
    await seconds(700)
    expect(held()).toBe(0)
  })

  it('is counted for empty messages too: many sessions that are away are bounded in sum', async () => {
    const { client, memory, broker } = room({ memoryCeiling: 200_000 })
    for (let i = 0; i < 20; i++) {
      const one = await client({ ...kept(`c${i}`, '192.0.2.1:1'), protocolVersion: 4 })
      await one.subscribe('x', { qos: 1 })
      await one.disconnect()
    }
    const publisher = await client({ protocolVersion: 4, ...at('192.0.2.2:1') })
    for (let i = 0; i < 100; i++) await publisher.publish('x', '', { qos: 1 })
    const { ledger } = broker.stack
    expect(memory.stats.messages).toBeLessThan(200)
    expect(memory.stats.messages).toBeGreaterThan(50)
    expect(ledger.account('address 192.0.2.1').held).toBeLessThanOrEqual(ledger.share)
  })

  it('is counted for retained payloads, however few they are', async () => {
    const { client, memory } = room({ memoryCeiling: 10_000_000 })
    const one = await client(at('192.0.2.1:1'))
    for (let i = 0; i < 10; i++) await one.publish(`r/${i}`, 'x'.repeat(1_000_000), { qos: 1, retain: true })
    expect(memory.stats.retained).toBe(4)
  })

  it('is counted for logs: a message that nobody has room for is refused', async () => {
    const { client, dropped, memory } = room({ memoryCeiling: 16_000 })
    const bob = await client(kept('bob', '192.0.2.1:1'))
    await bob.subscribe('t', { qos: 2 })
    await bob.disconnect()
    const publisher = await client(kept('publisher', '192.0.2.2:1'))
    expect(await code(publisher, 't', 'x'.repeat(6_000))).toBe(FULL)
    const refused = await publisher.publish('t', 'x'.repeat(6_000), { qos: 2 })
    expect(refused).toMatchObject({ cmd: 'pubrec', reasonCode: FULL })
    expect(memory.stats.awaitingRelease).toBe(0)
    expect(dropped).toEqual(['bob: t memory-full', 'bob: t memory-full'])
    expect(await code(publisher, 't', 'small')).toBe(0)
  })

  it('is counted for QoS 2 identifiers: 65,535 of them take 8 KiB', async () => {
    const { client, memory, held } = room({})
    const one = await client({ ...kept('one'), protocolVersion: 4 })
    const before = held()
    for (let id = 1; id <= 65_535; id += 111)
      one.send({ cmd: 'publish', topic: 't', payload: '', qos: 2, retain: false, dup: false, messageId: id })
    await one.ping()
    expect(memory.stats.awaitingRelease).toBe(590)
    expect(held() - before).toBeLessThanOrEqual(2 * 8_192)
    expect(held() - before).toBeGreaterThanOrEqual(8_192 - 16)
  })

  it('is counted for QoS 2 identifiers: a message is refused that there is no room for', async () => {
    const { client, dropped } = room({ memoryCeiling: 9_500, memoryShare: 1 })
    const one = await client(kept('one'))
    const send = (messageId: number): unknown =>
      one.send({ cmd: 'publish', topic: 't', payload: '', qos: 2, retain: false, dup: false, messageId })
    for (const id of [60_000, 7]) {
      send(id)
      await one.ping()
    }
    const acks = one.received.flatMap((packet) =>
      packet.cmd === 'pubrec' ? [[packet.messageId, packet.reasonCode]] : [],
    )
    expect(acks).toEqual([
      [60_000, FULL],
      [7, ReasonCode.NO_MATCHING_SUBSCRIBERS],
    ])
    expect(dropped).toEqual(['one: t memory-full'])
  })

  it('keeps what was accepted when it is full', async () => {
    const { client, held, broker } = room({ memoryCeiling: 30_000, memoryShare: 1 })
    const bob = await client(kept('bob'))
    await bob.subscribe('#', { qos: 1 })
    await bob.disconnect()
    const publisher = await client()
    const codes: unknown[] = []
    for (let i = 0; i < 30; i++) codes.push(await code(publisher, `t/${i}`, 'x'.repeat(1_000)))
    const accepted = codes.indexOf(FULL)
    expect(accepted).toBeGreaterThan(5)
    expect(held()).toBeLessThanOrEqual(broker.stack.ledger.ceiling)
    const back = await client(kept('bob'))
    await back.ping()
    expect(messagesOf(back).map((text) => text.split(' ')[0])).toEqual(
      Array.from({ length: accepted }, (_, i) => `t/${i}`),
    )
  })
})

describe.each(BACKENDS)('memory, with %s', (_name, backend) => {
  it('is all given back when sessions end and what is retained is cleared', async () => {
    const { client, broker, seconds } = broker5({ backend: backend() })
    const { ledger } = broker.stack
    const one = await client({ ...kept('one') })
    await one.subscribe(['a/#', '$share/g/b'], { qos: 2 })
    await one.disconnect()
    const other = await client({ clientId: 'other' })
    for (const topic of ['a/b', 'b', 'a/c']) await other.publish(topic, 'x', { qos: 2, retain: true })
    expect(ledger.held).toBeGreaterThan(0)
    for (const topic of ['a/b', 'b', 'a/c']) await other.publish(topic, '', { qos: 2, retain: true })
    await other.disconnect()
    await seconds(700)
    expect([ledger.held, ledger.owners]).toEqual([0, 0])
  })
})
