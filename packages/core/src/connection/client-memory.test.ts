/** What connections hold: packets that are not complete, and what their clients do not read. */
import { Buffer } from 'node:buffer'
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { acceptAll, settle, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { MiddlewareLike } from '../contract/middleware.ts'
import type { StackOptions } from '../contract/stack-options.ts'
import { Publish } from '../packets/publish.ts'

/** The first bytes of a PUBLISH of 500,000 bytes. */
function begun(bytes: number): Buffer {
  return Buffer.from(Publish.from({ topic: 't', payload: Buffer.alloc(500_000) }).bytes.subarray(0, bytes))
}

const V5 = { protocolVersion: 5 } as const

function memory(options: StackOptions): Promise<TestStack> {
  return testStack({ use: [acceptAll()], options })
}

const end = ({ received }: TestClient): unknown => received.find(({ cmd }) => cmd === 'disconnect')

describe('a packet that is not complete', () => {
  it('is counted, and not any more when it is complete, or its connection is over', async () => {
    const { client, stack } = await memory({ memoryCeiling: 1_000_000 })
    const [one, other] = [await client(), await client()]
    one.raw(begun(60_000))
    other.raw(begun(60_000))
    await settle()
    expect(stack.ledger.held).toBeGreaterThanOrEqual(120_000)
    expect(stack.ledger.held).toBeLessThanOrEqual(300_000)
    expect(stack.ledger.owners).toBe(1)
    one.raw(Buffer.alloc(500_003 + 3 - 60_000 + 3))
    other.stream.destroy()
    await settle()
    expect([stack.ledger.held, stack.ledger.owners]).toEqual([0, 0])
  })

  it('ends its connection where there is no memory for it, and no other', async () => {
    const { client, stack } = await memory({ memoryCeiling: 400_000 })
    const clients: TestClient[] = []
    for (let i = 0; i < 6; i++) {
      const one = await client(V5)
      one.raw(begun(60_000))
      await settle()
      clients.push(one)
    }
    const ended = clients.filter((one) => end(one) !== undefined)
    expect(ended.length).toBeGreaterThan(0)
    expect(ended.length).toBeLessThan(6)
    expect(end(ended[0] as TestClient)).toMatchObject({ reasonCode: 0x97 })
    expect(stack.ledger.held).toBeLessThanOrEqual(stack.ledger.share)
    expect(stack.clients.size).toBe(6 - ended.length)
  })

  it('is counted before a CONNECT is accepted', async () => {
    const { open, stack } = await memory({ memoryCeiling: 100_000 })
    for (let i = 0; i < 6; i++) {
      const connect = Buffer.alloc(20_000)
      connect.set([0x10, 0xe0, 0xd4, 0x03, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2])
      open().raw(connect)
      await settle()
    }
    expect(stack.ledger.held).toBeLessThanOrEqual(50_000)
    expect(stack.clients.size).toBeLessThan(3)
  })

  it('is not waited for if it does not go on: its connection is closed after the packet timeout', async () => {
    const { client, clock, stack } = await memory({ packetTimeout: 30_000 })
    const [still, slow] = [await client(V5), await client(V5)]
    still.raw(begun(20_000))
    for (let i = 0; i < 10; i++) {
      slow.raw(i === 0 ? begun(10_000) : Buffer.alloc(10_000))
      await clock.advance(20_000)
    }
    expect(end(still)).toMatchObject({ reasonCode: 0x97 })
    expect(end(slow)).toBeUndefined()
    // A few bytes now and then are not enough.
    for (let i = 0; i < 10; i++) {
      slow.raw(Buffer.alloc(10))
      await clock.advance(5_000)
    }
    expect(end(slow)).toMatchObject({ reasonCode: 0x97 })
    await clock.advance(5_000)
    expect([stack.ledger.held, stack.clients.size]).toEqual([0, 0])
  })

  it('is not timed while it is us who do not read', async () => {
    let answer = (): void => {}
    const slow: MiddlewareLike = {
      name: 'Slow',
      handles: ['publish'],
      handle: () => new Promise<void>((resolve) => (answer = resolve)),
    }
    const options = { packetTimeout: 5_000, stallTimeout: 1_000_000 }
    const { client, clock } = await testStack({ use: [slow, acceptAll()], options })
    const one = await client(V5)
    one.raw(Buffer.concat([Buffer.of(0x30, 4, 0, 1, 0x74, 0), begun(20_000)]))
    await clock.advance(60_000)
    expect(end(one)).toBeUndefined()
    answer()
    await settle()
    await clock.advance(3_000)
    expect(end(one)).toBeUndefined()
    await clock.advance(60_000)
    expect(end(one)).toMatchObject({ reasonCode: 0x97 })
  })
})

describe('what a client does not read', () => {
  const kilobyte = Publish.from({ topic: 'k', payload: Buffer.alloc(1_000) })

  it('is counted until it is taken, or the connection is over', async () => {
    const { client, stack } = await memory({})
    const [one, other] = [await client(), await client()]
    one.freeze()
    other.freeze()
    for (let i = 0; i < 200; i++) {
      for (const each of stack.clients) each.publish(kilobyte, 0, false, false, 0)
      if (i % 10 === 9) await settle()
    }
    await settle()
    const { ledger } = stack
    const both = ledger.outboxes
    expect(both).toBeGreaterThan(400_000)
    expect(ledger.held).toBe(both)
    one.thaw()
    await settle()
    expect(ledger.outboxes).toBe(both / 2)
    other.stream.destroy()
    await settle()
    expect([ledger.outboxes, ledger.held]).toEqual([0, 0])
  })

  it('is counted once where many are owed the same bytes', async () => {
    const { client, stack } = await memory({})
    const large = Publish.from({ topic: 'l', payload: Buffer.alloc(100_000) })
    const deaf: TestClient[] = []
    for (let i = 0; i < 10; i++) {
      const one = await client()
      one.freeze()
      deaf.push(one)
    }
    for (let i = 0; i < 3; i++) {
      for (const each of stack.clients) each.publish(large, 0, false, false, 0)
      await settle()
    }
    expect(stack.ledger.outboxes).toBeGreaterThan(100_000)
    expect(stack.ledger.outboxes).toBeLessThan(200_000)
    for (const one of deaf) one.stream.destroy()
    await settle()
    expect(stack.ledger.held).toBe(0)
  })

  it('is less for each where many do not read: congested are those who left something, not those who read', async () => {
    const { client, stack } = await memory({ memoryCeiling: 1_000_000 })
    const deaf = [await client(), await client(), await client()]
    const reader = await client()
    for (const one of deaf) one.freeze()
    const send = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        for (const each of stack.clients) if (!each.congested) each.publish(kilobyte, 0, false, false, 0)
        await settle()
      }
    }
    await send(1_000)
    expect(stack.ledger.outboxes).toBeLessThan(400_000)
    expect(reader.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1_000)
    expect([...stack.clients].map(({ congested }) => congested)).toEqual([true, true, true, false])
  })
})

describe('topic aliases that a client sets', () => {
  const alias = (number: number, topic: string): Parameters<TestClient['send']>[0] => ({
    cmd: 'publish',
    topic,
    payload: '',
    qos: 0,
    dup: false,
    retain: false,
    properties: { topicAlias: number },
  })

  it('are counted by their topics, and end the connection where there is no memory for them', async () => {
    const { client, stack } = await memory({ memoryCeiling: 60_000 })
    const one = await client(V5)
    for (const topic of ['a', 'b', 'a']) one.send(alias(1, topic.repeat(4_000)))
    await settle()
    expect(stack.ledger.held).toBe(2 * 4_002)
    one.send(alias(1, 'a'))
    await settle()
    expect(stack.ledger.held).toBe(2 * 3)
    for (let i = 1; i <= 5; i++) one.send(alias(i, String(i).repeat(4_000)))
    await settle()
    expect(end(one)).toMatchObject({ reasonCode: 0x97 })
    await settle()
    expect([stack.ledger.held, stack.ledger.owners]).toEqual([0, 0])
  })
})
