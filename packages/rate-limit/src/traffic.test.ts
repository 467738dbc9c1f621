import type { Listener, MiddlewareLike } from '@mqtt-stack/core'
import { Publish } from '@mqtt-stack/core'
import type { TestClient, TestStack } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

/** Notes which messages come through, and by whom clients are known: what stands before `/` in their identifier. */
class Through implements MiddlewareLike {
  readonly name = 'Through'
  readonly topics: string[] = []

  handle(
    client: Parameters<NonNullable<MiddlewareLike['handle']>>[0],
    packet: Parameters<NonNullable<MiddlewareLike['handle']>>[1],
  ): void {
    if (packet.cmd === 'connect') client.session.identity = packet.clientId.split('/')[0]
    if (packet.cmd === 'publish') this.topics.push(packet.topic)
    if (packet.cmd === 'subscribe')
      client.write({ cmd: 'suback', packetId: packet.packetId, granted: packet.subscriptions.map(() => 0) })
  }

  /** How many came since the last time. */
  take(): number {
    return this.topics.splice(0).length
  }
}

async function limited(
  options: RateLimitOptions,
  stallTimeout = 30_000,
): Promise<TestStack & { through: Through }> {
  const through = new Through()
  const use = [new RateLimit({ ...NO_LIMITS, ...options }), through, acceptAll()]
  const stack = await testStack({ use, options: { stallTimeout } })
  return Object.assign(stack, { through })
}

async function flood(client: TestClient, count: number, payload = 'x'): Promise<void> {
  for (let i = 0; i < count; i++) await client.publish(`t/${i}`, payload)
}

/** PUBLISHes of QoS 0 to `t/<number>`, with payloads of these sizes. */
function frames(first: number, sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size, i) => {
    const topic = Buffer.from(`t/${first + i}`)
    const body = [0, topic.length, ...topic, ...new Array(size).fill(0x78)]
    return Uint8Array.from([0x30, body.length, ...body])
  })
}

describe('messages that come in one chunk', () => {
  const steps = [
    { sizes: [1, 1, 90, 1], wait: 100 },
    { sizes: [1], wait: 1_700 },
    { sizes: [60, 60, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], wait: 3_000 },
    { sizes: [1, 2, 3], wait: 9_000 },
    { sizes: [1, 1, 1, 1, 1, 1], wait: 400 },
    { sizes: [100, 1, 1], wait: 5_000 },
  ]

  it.each<RateLimitOptions>([
    { messageRate: 3, burst: 2 },
    { byteRate: 50, burst: 2 },
    { messageRate: 3, byteRate: 50, burst: 1.5 },
    { messageRate: 3, byteRatePerUser: 50, burst: 1.5 },
    { messageRatePerUser: 3, burst: 2 },
  ])('are counted as if each came by itself: %o', async (options) => {
    const one = await limited(options)
    const other = await limited(options)
    const [alice, bob] = [await one.client(), await other.client()]
    let sent = 0
    for (const { sizes, wait } of steps) {
      const packets = frames(sent, sizes)
      sent += sizes.length
      for (const packet of packets) alice.raw(packet)
      bob.raw(Buffer.concat(packets))
      for (let passed = 0; passed < wait; passed += 100) {
        await Promise.all([one.settle(), other.settle()])
        expect(other.through.topics).toEqual(one.through.topics)
        await Promise.all([one.advance(100), other.advance(100)])
      }
    }
    expect(one.through.topics).toHaveLength(sent)
  })
})

describe('a client that publishes too fast', () => {
  it('is slowed: its messages come at the rate, and none is lost', async () => {
    const { client, advance, settle, through } = await limited({ messageRate: 10, burst: 1 })
    const alice = await client()
    await flood(alice, 40)
    await settle()
    expect(through.take()).toBe(10)
    await advance(1_000)
    expect(through.take()).toBe(10)
    await advance(1_000)
    expect(through.take()).toBe(10)
    await advance(5_000)
    expect(through.take()).toBe(10)
    expect(through.topics).toEqual([])
    await flood(alice, 10)
    await settle()
    expect(through.take()).toBe(10)
  })

  it('keeps its order', async () => {
    const { client, advance, through } = await limited({ messageRate: 10, burst: 1 })
    await flood(await client(), 30)
    await advance(3_000)
    expect(through.topics).toEqual(Array.from({ length: 30 }, (_, i) => `t/${i}`))
  })

  it('holds nobody else back', async () => {
    const { client, settle, through } = await limited({ messageRate: 10, burst: 1 })
    const [alice, bob] = [await client(), await client()]
    await flood(alice, 40)
    await settle()
    through.take()
    await flood(bob, 10)
    await settle()
    expect(through.take()).toBe(10)
  })

  it('is told in the log, once in a minute', async () => {
    const { client, advance, logger } = await limited({ messageRate: 10, burst: 1 })
    const alice = await client({ clientId: 'alice' })
    await flood(alice, 100)
    await advance(5_000)
    const lines = logger.lines.filter(({ message }) => message === 'client slowed')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.cause).toMatchObject({
      clientId: 'alice',
      cause: 'more than 10 messages a second (messageRate)',
    })
  })

  it('may go at any time: what came is handled, and then no timer is left', async () => {
    const { client, advance, clock, settle, stack, through } = await limited({ messageRate: 10, burst: 1 })
    const timers = clock.timers
    const alice = await client()
    await flood(alice, 40)
    await settle()
    expect(clock.timers).toBeGreaterThan(timers)
    await alice.drop()
    await advance(4_000)
    expect(through.take()).toBe(40)
    expect(stack.clients.size).toBe(0)
    expect(clock.timers).toBe(timers)
  })

  it('keeps no stack from stopping', async () => {
    const { advance, client, settle, stop, stack } = await limited({ messageRate: 1, burst: 1 })
    const [alice, frozen] = [await client(), await client()]
    await flood(alice, 40)
    await flood(frozen, 40)
    await settle()
    frozen.freeze()
    const stopped = stop()
    await advance(25)
    await stopped
    expect(stack.clients.size).toBe(0)
  })

  it('is read no further while it waits', async () => {
    const { connection, advance, settle } = await limited({ messageRate: 1, burst: 1 })
    const { stream, client } = connection()
    const connect = Buffer.from('101000044d5154540402003c000461626364', 'hex')
    stream.write(connect)
    await settle()
    const message = Publish.from({ topic: 'a', payload: 'x'.repeat(10_000) })
    const frame = message.bytes.subarray(message.start, message.start + message.length)
    for (let i = 0; i < 100; i++) stream.write(frame)
    await advance(100)
    expect(client.backlog).toBeLessThan(300_000)
    expect(client.reading).toBe(false)
    expect(client.bytesIn).toBeLessThan(300_000)
  })

  it('is not taken for a handler that hangs, however long it has to wait', async () => {
    const { client, advance, settle, through, logger } = await limited({ byteRate: 100, burst: 1 }, 10_000)
    const alice = await client()
    await flood(alice, 3, 'x'.repeat(5_000))
    await settle()
    expect(through.take()).toBe(1)
    await advance(45_000)
    expect(through.take()).toBe(0)
    await advance(10_000)
    expect(through.take()).toBe(1)
    await advance(50_000)
    expect(through.take()).toBe(1)
    expect(logger.warnings).toEqual([])
    expect(alice.stream.destroyed).toBe(false)
  })

  it('is closed with 0x96 where it is to be', async () => {
    const { client, through } = await limited({ messageRate: 2, burst: 1, tooFast: 'close' })
    const alice = await client({ protocolVersion: 5 })
    await flood(alice, 3)
    expect(await alice.next('disconnect')).toMatchObject({
      reasonCode: 0x96,
      properties: { reasonString: 'more than 2 messages a second (messageRate)' },
    })
    await alice.closed
    expect(through.take()).toBe(2)
  })
})

it('bytes count as messages do', async () => {
  const { client, advance, settle, through } = await limited({ byteRate: 1_000, burst: 1 })
  // 1,007 bytes each.
  await flood(await client(), 4, 'x'.repeat(1_000))
  await settle()
  expect(through.take()).toBe(1)
  await advance(900)
  expect(through.take()).toBe(1)
  await advance(1_000)
  expect(through.take()).toBe(1)
  await advance(1_000)
  expect(through.take()).toBe(1)
})

it('the filters of a SUBSCRIBE count as messages', async () => {
  const { client } = await limited({ messageRate: 5, burst: 1, tooFast: 'close' })
  const alice = await client({ protocolVersion: 5 })
  await alice.subscribe(['a', 'b', 'c', 'd', 'e'])
  alice.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic: 'f', qos: 0 }] })
  expect(await alice.next('disconnect')).toMatchObject({ reasonCode: 0x96 })
})

describe('the clients of one user', () => {
  const options = { messageRatePerUser: 10, burst: 1 }

  it('share what the user may publish', async () => {
    const { client, advance, settle, through } = await limited(options)
    const [one, other, bob] = [
      await client({ clientId: 'alice/1' }),
      await client({ clientId: 'alice/2' }),
      await client({ clientId: 'bob/1' }),
    ]
    await flood(one, 8)
    await flood(other, 8)
    await settle()
    expect(through.take()).toBe(10)
    await flood(bob, 10)
    await settle()
    expect(through.take()).toBe(10)
    await advance(1_000)
    expect(through.take()).toBe(6)
  })

  it('gain nothing by coming again', async () => {
    const { client, advance, settle, through } = await limited({ ...options, tooFast: 'close' })
    await flood(await client({ clientId: 'alice/1' }), 10)
    await settle()
    expect(through.take()).toBe(10)
    const [one] = [await client({ clientId: 'alice/2', protocolVersion: 5 })]
    await flood(one, 1)
    expect(await one.next('disconnect')).toMatchObject({
      reasonCode: 0x96,
      properties: { reasonString: 'more than 10 messages a second of one user (messageRatePerUser)' },
    })
    await advance(1_000)
    await flood(await client({ clientId: 'alice/3' }), 10)
    await settle()
    expect(through.take()).toBe(10)
  })

  it('are those of one address where nobody knows who they are', async () => {
    const { client, settle, through } = await limited(options)
    const from = (remote: string): { listener: Listener; clientId: string } => ({
      listener: { transport: 'tcp', local: false, remote },
      clientId: '/',
    })
    // The test's middleware makes no identity of an empty name: '' is one all the same.
    await flood(await client({ ...from('192.0.2.1:1'), clientId: '/1' }), 8)
    await flood(await client({ ...from('192.0.2.1:2'), clientId: '/2' }), 8)
    await settle()
    expect(through.take()).toBe(10)
  })
})
