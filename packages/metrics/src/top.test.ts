import type { Listener } from '@mqtt-stack/core'
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'
import { SpaceSaving } from './top/space-saving.ts'

describe('the sketch', () => {
  it('counts exactly what fits', () => {
    const sketch = new SpaceSaving(3)
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) sketch.add(name, 1)
    expect(sketch.top(2)).toEqual([
      { name: 'a', count: 3, error: 0 },
      { name: 'b', count: 2, error: 0 },
    ])
  })

  it('holds whatever makes up more than its part, among any number of others', () => {
    const sketch = new SpaceSaving(100)
    const truth = new Map<string, number>()
    // A linear congruential generator: the same names in each run.
    let random = 1
    for (let i = 0; i < 200_000; i++) {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
      const name = random % 10 < 3 ? `heavy ${random % 7}` : `light ${random % 50_021}`
      sketch.add(name, 1)
      truth.set(name, (truth.get(name) ?? 0) + 1)
    }
    const held = new Map(sketch.top(100).map((one) => [one.name, one]))
    expect(held.size).toBe(100)
    for (const [name, count] of truth) {
      const found = held.get(name)
      if (count > 200_000 / 100) expect(found?.name).toBe(name)
      if (found === undefined) continue
      expect(found.count).toBeGreaterThanOrEqual(count)
      expect(found.count - found.error).toBeLessThanOrEqual(count)
    }
  })
})

describe('lookupTop', () => {
  const top = (test: ReturnType<typeof metered>, list: string, limit = 10) =>
    test.broker.stack.call('lookupTop', { list, limit })

  it('names the busiest topics and publishers, a second', async () => {
    const test = metered()
    const busy = await test.client({ clientId: 'busy' })
    const idle = await test.client({ clientId: 'idle' })
    for (let i = 0; i < 20; i++) await busy.publish('loud', 'x')
    await idle.publish('quiet', 'x')
    await idle.publish('$SYS/x', 'x')
    await settle()
    await test.seconds(10)
    expect(await top(test, 'topics')).toEqual([
      { name: 'loud', value: 2, unit: 'messages/s', error: 0 },
      { name: 'quiet', value: 0.1, unit: 'messages/s', error: 0 },
    ])
    expect(await top(test, 'publishers', 1)).toEqual([
      { name: 'busy', value: 2, unit: 'messages/s', error: 0 },
    ])
  })

  it('says figures that a person can read', async () => {
    const test = metered()
    const one = await test.client({ clientId: 'one' })
    for (let i = 0; i < 20; i++) await one.publish('a', 'x')
    await settle()
    await test.seconds(7)
    expect((await top(test, 'topics')).map(({ value }) => value)).toEqual([2.857143])
  })

  it('forgets who is not busy any more', async () => {
    const test = metered()
    const one = await test.client()
    await one.publish('a', 'x')
    await settle()
    await test.seconds(70)
    await one.publish('b', 'x')
    await settle()
    expect((await top(test, 'topics')).map(({ name }) => name).sort()).toEqual(['a', 'b'])
    await test.seconds(130)
    expect(await top(test, 'topics')).toEqual([])
  })

  it('keeps no more names than it may, however many come', async () => {
    const test = metered({ top: 10 })
    const one = await test.client()
    for (let i = 0; i < 100; i++) await one.publish(`t/${i}`, 'x')
    await settle()
    expect(await top(test, 'topics', 1_000)).toHaveLength(10)
  })

  it('names who does not take what it is sent', async () => {
    const test = metered()
    const listener: Listener = { transport: 'memory', local: true }
    const slow = await test.client({ clientId: 'slow', listener, highWaterMark: 1 })
    await slow.subscribe('a')
    slow.stream.pause()
    const publisher = await test.client({ clientId: 'publisher' })
    for (let i = 0; i < 10; i++) await publisher.publish('a', 'x'.repeat(1_000))
    await settle()
    const [first] = await top(test, 'slow-subscribers')
    expect([first.name, first.unit]).toEqual(['slow', 'bytes'])
    expect(first.value).toBeGreaterThan(1_000)
  })

  it('names the longest queues', async () => {
    const test = metered()
    for (const [clientId, count] of [
      ['one', 1],
      ['three', 3],
    ] as const) {
      const away = await test.client({ clientId, properties: { sessionExpiryInterval: 600 } })
      await away.subscribe(clientId, { qos: 1 })
      await away.drop()
      const publisher = await test.client()
      for (let i = 0; i < count; i++) await publisher.publish(clientId, 'x', { qos: 1 })
    }
    expect(await top(test, 'queues')).toEqual([
      { name: 'three', value: 3, unit: 'messages' },
      { name: 'one', value: 1, unit: 'messages' },
    ])
  })

  it('names clients whose messages wait in memory among the longest queues', async () => {
    const test = metered({}, { outboundManager: { inflight: 1 } })
    const slow = await test.client({ clientId: 'slow', autoAck: false })
    await slow.subscribe('a', { qos: 1 })
    const publisher = await test.client({ clientId: 'publisher' })
    for (let i = 0; i < 5; i++) await publisher.publish('a', 'x', { qos: 1 })
    expect(await top(test, 'queues')).toEqual([{ name: 'slow', value: 4, unit: 'messages' }])
    const client = test.broker.clients.get('slow')!
    expect(await test.broker.stack.call('lookupOutbound', { client })).toEqual({
      inflight: 1,
      queued: 4,
      behind: false,
    })
  })

  it('names subscriptions whose retained messages took long', async () => {
    const test = metered()
    const one = await test.client({ clientId: 'one' })
    await one.publish('a/b', 'x', { retain: true })
    await one.subscribe('a/#')
    await one.next('publish')
    await settle()
    const [scan] = await top(test, 'retained-scans')
    expect([scan.name, scan.clientId, scan.unit]).toEqual(['a/#', 'one', 's'])
  })

  it('knows nothing of a list that nobody has, nor of none of its lines', async () => {
    const test = metered()
    await test.client()
    expect(await top(test, 'no such list')).toEqual([])
    expect(await top(test, 'topics', 0)).toEqual([])
  })
})
