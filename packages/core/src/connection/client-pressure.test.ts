/** Clients that do not read, that send too fast, and handlers that are slow: all of it is bounded. */
import { Buffer } from 'node:buffer'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, settle, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { Publish } from '../packets/publish.ts'

const pong: MiddlewareLike = {
  name: 'Pong',
  handles: ['pingreq'],
  handle: (client) => client.write({ cmd: 'pingresp' }),
}

const PING = [0xc0, 0]
const pings = (count: number): Buffer => Buffer.from(new Array<number[]>(count).fill(PING).flat())

function clientOf({ stack }: TestStack, clientId: string): Client {
  for (const client of stack.clients) if (client.id === clientId) return client
  throw new Error(`${clientId} is not connected`)
}

const kilobyte = Publish.from({ topic: 'k', payload: Buffer.alloc(1_000) })

describe('a slow handler', () => {
  /** Handlers that wait until they are released. */
  function slow(): { middleware: MiddlewareLike; seen: string[]; release: () => void } {
    const seen: string[] = []
    let open = false
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = () => {
        open = true
        resolve()
      }
    })
    const middleware: MiddlewareLike = {
      name: 'Slow',
      handles: ['publish'],
      async handle(_client, packet) {
        if (!open) await gate
        if (packet.cmd === 'publish') seen.push(packet.topic)
      },
    }
    return { middleware, seen, release: () => release() }
  }

  const publish = (topic: string, size: number): Parameters<Client['publish']>[0] =>
    Publish.from({ topic, payload: Buffer.alloc(size) })

  it('stops the reading of its client: what it sends stays with it', async () => {
    const { middleware, seen, release } = slow()
    const { client } = await testStack(middleware, acceptAll())
    const alice = await client()
    const topics = Array.from({ length: 100 }, (_, i) => `t${i}`)
    for (const topic of topics) alice.raw(publish(topic, 10_000).bytes)
    await settle()
    expect(alice.stream.writableLength).toBeGreaterThan(700_000)
    expect(seen).toEqual([])
    release()
    await settle()
    expect(seen).toEqual(topics)
    expect(alice.stream.writableLength).toBe(0)
  })

  it('stops nobody else’s', async () => {
    const log: string[] = []
    const { client } = await testStack(
      {
        name: 'Slow',
        handles: ['publish'],
        handle(from) {
          log.push(from.id)
          return from.id === 'slow' ? new Promise(() => {}) : undefined
        },
      },
      acceptAll(),
    )
    const [stuck, fast] = [await client({ clientId: 'slow' }), await client({ clientId: 'fast' })]
    for (let i = 0; i < 50; i++) stuck.raw(publish('a', 10_000).bytes)
    for (let i = 0; i < 50; i++) fast.raw(publish('a', 10_000).bytes)
    await settle()
    expect(log.filter((id) => id === 'fast')).toHaveLength(50)
  })

  it('time in which nothing is read does not count as silence', async () => {
    const { middleware, release } = slow()
    const test = await testStack(middleware, acceptAll())
    const alice = await test.client({ clientId: 'alice' })
    for (let i = 0; i < 20; i++) alice.raw(publish('a', 10_000).bytes)
    await test.advance(25_000)
    const client = clientOf(test, 'alice')
    expect(client.silentFor(test.clock.now())).toBe(0)
    release()
    await settle()
    expect(client.silentFor(test.clock.now())).toBe(0)
    await test.advance(1_000)
    expect(client.silentFor(test.clock.now())).toBe(1_000)
  })

  it('whose client goes away meanwhile: what it sent is handled, then it is closed', async () => {
    const { middleware, seen, release } = slow()
    const test = await testStack(middleware, acceptAll())
    const alice = await test.client({ clientId: 'alice' })
    for (let i = 0; i < 30; i++) alice.raw(publish(`t${i}`, 10_000).bytes)
    await settle()
    alice.stream.end()
    release()
    await settle()
    expect(seen).toHaveLength(30)
    expect(test.stack.clients.size).toBe(0)
  })
})

describe('a client that does not read', () => {
  it('is congested above the high-water mark, and drained below', async () => {
    const test = await testStack({ use: [acceptAll()], options: { highWater: 4_096 } })
    const alice = await test.client({ clientId: 'alice' })
    const client = clientOf(test, 'alice')
    alice.freeze()
    for (let i = 0; i < 4; i++) client.publish(kilobyte, 0, false, false, 0)
    expect(client.congested).toBe(false)
    client.publish(kilobyte, 0, false, false, 0)
    expect(client.congested).toBe(true)
    await settle()
    expect(client.pending).toBe(5 * kilobyte.length)
    let drained = false
    void client.drained().then(() => {
      drained = true
    })
    await settle()
    expect(drained).toBe(false)
    alice.thaw()
    await settle()
    expect([drained, client.congested, client.pending]).toEqual([true, false, 0])
  })

  it('drained() resolves at once for one that reads, and for one that is closed', async () => {
    const test = await testStack({ use: [acceptAll()], options: { highWater: 4_096 } })
    const alice = await test.client({ clientId: 'alice' })
    const client = clientOf(test, 'alice')
    await client.drained()
    alice.freeze()
    for (let i = 0; i < 9; i++) client.publish(kilobyte, 0, false, false, 0)
    const waiting = client.drained()
    await alice.drop()
    await waiting
    await client.drained()
  })

  it('is closed when it takes nothing for the drain timeout', async () => {
    const test = await testStack({ use: [acceptAll()], options: { highWater: 4_096, drainTimeout: 20_000 } })
    const [alice, bob] = [await test.client({ clientId: 'alice' }), await test.client({ clientId: 'bob' })]
    const client = clientOf(test, 'alice')
    alice.freeze()
    bob.freeze()
    // Nobody asks whether it is congested.
    for (let i = 0; i < 5; i++) client.publish(kilobyte, 0, false, false, 0)
    await test.advance(19_000)
    expect(alice.stream.destroyed).toBe(false)
    await test.advance(2_000)
    await alice.closed
    expect(test.stack.clients.size).toBe(1)
    expect(bob.stream.destroyed).toBe(false)
    expect(client.reason).toBe('it takes nothing of what it is sent')
  })

  it('is closed too for what it was sent before memory was short', async () => {
    const options = { memoryCeiling: 400_000, memoryShare: 1, drainTimeout: 20_000 }
    const test = await testStack({ use: [acceptAll()], options })
    const [alice, bob] = [await test.client({ clientId: 'alice' }), await test.client({ clientId: 'bob' })]
    alice.freeze()
    bob.freeze()
    const send = async (clientId: string, kilobytes: number): Promise<void> => {
      for (let i = 0; i < kilobytes; i++) clientOf(test, clientId).publish(kilobyte, 0, false, false, 0)
      await settle()
    }
    await send('alice', 50)
    expect(clientOf(test, 'alice').congested).toBe(false)
    await send('bob', 150)
    expect(clientOf(test, 'alice').congested).toBe(true)
    await test.advance(22_000)
    expect(test.stack.clients.size).toBe(0)
  })

  it('is left alone while it takes something now and then', async () => {
    const test = await testStack({ use: [acceptAll()], options: { highWater: 4_096, drainTimeout: 20_000 } })
    const alice = await test.client({ clientId: 'alice', highWaterMark: 1_024 })
    const client = clientOf(test, 'alice')
    alice.freeze()
    for (let i = 0; i < 20; i++) {
      for (let k = 0; k < 5; k++) client.publish(kilobyte, 0, false, false, 0)
      expect(client.congested).toBe(true)
      await test.advance(15_000)
      alice.thaw()
      await settle()
      alice.freeze()
    }
    expect(client.closed).toBe(false)
  })

  it('is left alone although it stays congested, as long as it takes something', async () => {
    const test = await testStack({ use: [acceptAll()], options: { highWater: 4_096, drainTimeout: 20_000 } })
    // Nobody reads the device's end but this test: one write at a time is taken.
    const { client, stream } = test.connection({ highWaterMark: 1 })
    const publish = async (): Promise<void> => {
      for (let k = 0; k < 5; k++) client.publish(kilobyte, 0, false, false, 0)
      await settle()
    }
    await publish()
    await publish()
    for (let i = 0; i < 10; i++) {
      expect(client.congested).toBe(true)
      await test.advance(15_000)
      stream.read()
      await publish()
    }
    expect(client.closed).toBe(false)
    await test.advance(22_000)
    expect(client.closed).toBe(true)
  })

  it('one that drained is no longer watched', async () => {
    const test = await testStack({ use: [acceptAll()], options: { highWater: 4_096, drainTimeout: 20_000 } })
    const alice = await test.client({ clientId: 'alice' })
    const client = clientOf(test, 'alice')
    alice.freeze()
    for (let i = 0; i < 5; i++) client.publish(kilobyte, 0, false, false, 0)
    expect(client.congested).toBe(true)
    alice.thaw()
    await test.advance(120_000)
    expect(client.closed).toBe(false)
  })

  it('and floods PINGREQ is not read from any more, and closed in the end', async () => {
    const test = await testStack({
      use: [pong, acceptAll()],
      options: { highWater: 4_096, drainTimeout: 20_000 },
    })
    const [alice, bob] = [await test.client({ clientId: 'alice' }), await test.client({ clientId: 'bob' })]
    alice.freeze()
    for (let i = 0; i < 100; i++) alice.raw(pings(10_000))
    await settle()
    const client = clientOf(test, 'alice')
    expect(client.pending).toBeLessThan(3 * 4_096)
    expect(alice.stream.writableLength).toBeGreaterThan(1_500_000)
    expect((await bob.ping()).cmd).toBe('pingresp')
    await test.advance(22_000)
    await alice.closed
    await settle()
    expect([...test.stack.clients].map(({ id }) => id)).toEqual(['bob'])
  })

  it('and flooded goes on where it stopped when it reads again', async () => {
    const test = await testStack({ use: [pong, acceptAll()], options: { highWater: 4_096 } })
    const alice = await test.client({ clientId: 'alice' })
    alice.freeze()
    for (let i = 0; i < 20; i++) alice.raw(pings(5_000))
    await settle()
    alice.thaw()
    await settle()
    expect(alice.received.filter(({ cmd }) => cmd === 'pingresp')).toHaveLength(100_000)
  })

  it.each(['drops', 'resets'])('and flooded, then %s the connection, is forgotten', async (how) => {
    const test = await testStack({ use: [pong, acceptAll()], options: { highWater: 4_096 } })
    const alice = await test.client({ clientId: 'alice' })
    let closed = false
    clientOf(test, 'alice').onClose(() => {
      closed = true
    })
    alice.freeze()
    alice.raw(pings(10_000))
    await settle()
    if (how === 'drops') alice.stream.destroy()
    else (alice.stream as unknown as { reset: () => void }).reset()
    await settle()
    expect([closed, test.stack.clients.size]).toEqual([true, 0])
  })

  it('among many costs the others nothing', async () => {
    const test = await testStack({ use: [acceptAll()], options: { highWater: 65_536 } })
    const others = []
    for (let i = 0; i < 100; i++) others.push(await test.client({ clientId: `c${i}` }))
    others[50].freeze()
    for (let round = 0; round < 20; round++) {
      for (const client of test.stack.clients) {
        if (!client.congested) client.publish(kilobyte, 0, false, false, 0)
      }
      await settle()
    }
    const counts = others.map(({ received }) => received.filter(({ cmd }) => cmd === 'publish').length)
    expect(counts.filter((count) => count === 20)).toHaveLength(99)
  })
})
