/** One client's packets take some time of a turn of the event loop, then the others come. */
import { Buffer } from 'node:buffer'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, settle, testStack, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { Publish } from '../packets/publish.ts'

const PING = Buffer.from([0xc0, 0])
const frame = (topic: string): Buffer => Buffer.from(Publish.from({ topic }).bytes)
/** PUBLISHes with topics 0, 1, 2, … in one chunk. */
const burst = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => frame(String(i))))

interface Rig {
  readonly test: TestStack
  readonly clock: VirtualClock
  /** What was handled, in order: `client topic`, `client ping`. */
  readonly log: string[]
}

interface Costs {
  readonly steps?: number
  readonly late?: boolean
  readonly before?: readonly MiddlewareLike[]
}

/**
 * A stack whose handler takes `cost` ms for each PUBLISH.
 * @param late The handler answers by a promise.
 * @param before Who is asked before it.
 */
async function setup(cost: number, { steps = 0, late = false, before = [] }: Costs = {}): Promise<Rig> {
  const clock = new VirtualClock()
  const log: string[] = []
  const middleware: MiddlewareLike = {
    name: 'Costly',
    handles: ['publish', 'pingreq'],
    handle(client, packet) {
      if (packet.cmd === 'pingreq') {
        log.push(`${client.id} ping`)
        return
      }
      if (packet.cmd !== 'publish') return
      clock.spend(cost)
      client.stack.pace.count(steps)
      log.push(`${client.id} ${packet.topic}`)
      return late ? Promise.resolve() : undefined
    },
  }
  const test = await testStack({ use: [...before, middleware, acceptAll()], clock })
  return { test, clock, log }
}

function brokerSide({ test }: Rig, clientId: string): Client {
  for (const client of test.stack.clients) if (client.id === clientId) return client
  throw new Error(`${clientId} is not connected`)
}

describe('a chunk of many packets', () => {
  it('is handled at once as long as that takes no time', async () => {
    const rig = await setup(0)
    const alice = await rig.test.client({ clientId: 'a' })
    let handled = 0
    alice.raw(burst(5_000))
    brokerSide(rig, 'a').stream.once('data', () => {
      handled = rig.log.length
    })
    await settle()
    // The listener of the test comes behind the client's own.
    expect(handled).toBeGreaterThan(1_000)
    expect(rig.log).toHaveLength(5_000)
  })

  for (const [words, cost, options] of [
    ['cheap packets, by a look at the clock every 32', 0.5, {}],
    ['costly packets, by the steps that they tell of', 10, { steps: 1_000 }],
    ['packets whose handler answers late, by a look behind each', 10, { late: true }],
  ] as const) {
    it(`rests after its time, so that the pings of others are answered: ${words}`, async () => {
      const rig = await setup(cost, options)
      const alice = await rig.test.client({ clientId: 'a' })
      const bob = await rig.test.client({ clientId: 'b' })
      alice.raw(burst(200))
      for (let i = 0; i < 10; i++) bob.raw(PING)
      await settle()
      expect(rig.log.filter((line) => line.startsWith('a'))).toEqual(
        Array.from({ length: 200 }, (_, i) => `a ${i}`),
      )
      expect(rig.log.filter((line) => line === 'b ping')).toHaveLength(10)
      // All of it would have been 200 packets before the first ping.
      expect(rig.log.indexOf('b ping')).toBeLessThanOrEqual(32)
      expect(rig.log.lastIndexOf('b ping')).toBeLessThan(120)
    })
  }

  it('keeps the ping of another waiting no longer than one turn, however many clients send costly packets', async () => {
    const rig = await setup(3, { steps: 1_000 })
    const ids = Array.from({ length: 20 }, (_, i) => `a${i}`)
    const clients = await Promise.all(ids.map((clientId) => rig.test.client({ clientId })))
    const bob = await rig.test.client({ clientId: 'b' })
    for (const client of clients) client.raw(burst(10))
    bob.raw(PING)
    await settle()
    expect(rig.log).toHaveLength(201)
    // Without turns each of the twenty would be first: 60 ms.
    expect(rig.log.indexOf('b ping') * 3).toBeLessThanOrEqual(15)
  })

  it('takes turns with the chunks of others', async () => {
    const rig = await setup(4, { steps: 1_000 })
    const clients = await Promise.all(['a', 'b', 'c'].map((clientId) => rig.test.client({ clientId })))
    for (const client of clients) client.raw(burst(20))
    await settle()
    const names = rig.log.map((line) => line.slice(0, 1))
    for (const name of ['a', 'b', 'c']) {
      expect(names.indexOf(name)).toBeLessThan(12)
      expect(names.lastIndexOf(name)).toBeGreaterThanOrEqual(48)
    }
  })

  it('is not taken for silence while it rests, and its stream is paused behind 64 KiB', async () => {
    const rig = await setup(10, { steps: 1_000 })
    const alice = await rig.test.client({ clientId: 'a' })
    const client = brokerSide(rig, 'a')
    const silences: number[] = []
    let paused = 0
    const look = (): void => {
      if (rig.log.length >= 300) return
      if (client.backlog > 0) silences.push(client.silentFor(rig.clock.now()))
      if (client.stream.isPaused()) paused++
      setImmediate(look)
    }
    const message = Buffer.from(Publish.from({ topic: 'k', payload: Buffer.alloc(1_000) }).bytes)
    for (let i = 0; i < 15; i++) alice.raw(Buffer.concat(new Array<Buffer>(20).fill(message)))
    look()
    await settle()
    expect(rig.log).toHaveLength(300)
    expect(silences.length).toBeGreaterThan(50)
    expect(Math.max(...silences)).toBe(0)
    expect(paused).toBeGreaterThan(50)
    expect(client.stream.isPaused()).toBe(false)
  })

  it('that is part of a large packet is read in turns too, once the time of a turn is used up', async () => {
    const rig = await setup(10, { steps: 1_000 })
    const [alice, bob] = [await rig.test.client({ clientId: 'a' }), await rig.test.client({ clientId: 'b' })]
    const client = brokerSide(rig, 'b')
    const large = Buffer.from(Publish.from({ topic: 'large', payload: Buffer.alloc(400_000) }).bytes)
    alice.raw(burst(50))
    for (let at = 0; at < large.length; at += 40_000) bob.raw(large.subarray(at, at + 40_000))
    let paused = 0
    while (!rig.log.includes('b large')) {
      if (client.stream.isPaused()) paused++
      await new Promise((resolve) => setImmediate(resolve))
    }
    await settle()
    expect(paused).toBeGreaterThan(0)
    expect(rig.log).toHaveLength(51)
    expect(client.stream.isPaused()).toBe(false)
  })

  it('is forgotten when the client is closed while it rests', async () => {
    const rig = await setup(10, { steps: 1_000 })
    const alice = await rig.test.client({ clientId: 'a' })
    const client = brokerSide(rig, 'a')
    let over = 0
    client.onClose(() => over++)
    alice.raw(burst(100))
    await new Promise((resolve) => setImmediate(resolve))
    client.close()
    await settle()
    expect(rig.log.length).toBeLessThan(10)
    expect(over).toBe(1)
  })

  it('is handled to its end when the other side has closed meanwhile', async () => {
    const rig = await setup(10, { steps: 1_000 })
    const alice = await rig.test.client({ clientId: 'a' })
    const client = brokerSide(rig, 'a')
    alice.raw(burst(50))
    alice.stream.end()
    await settle()
    expect(rig.log).toHaveLength(50)
    expect(client.closed).toBe(true)
  })
})

describe('clients that wait for one thing', () => {
  it('go on in turns when it comes, so that the pings of others are answered', async () => {
    let open = (): void => {}
    const promise = new Promise<void>((resolve) => (open = resolve))
    const gate: MiddlewareLike = {
      name: 'Gate',
      handles: ['publish'],
      handle: () => promise,
    }
    const rig = await setup(1, { before: [gate] })
    const ids = Array.from({ length: 100 }, (_, i) => `a${i}`)
    const clients = await Promise.all(ids.map((clientId) => rig.test.client({ clientId })))
    const bob = await rig.test.client({ clientId: 'b' })
    for (const client of clients) client.raw(frame('t'))
    await settle()
    expect(rig.log).toEqual([])
    open()
    bob.raw(PING)
    await settle()
    expect(rig.log).toHaveLength(101)
    // Without turns it would be the last.
    expect(rig.log.indexOf('b ping')).toBeLessThanOrEqual(20)
  })
})
