import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

const HOUR = 3_600_000

describe.each(BACKENDS)('sessions, with %s', (_name, backend) => {
  it('[MQTT-3.2.2-1] [MQTT-3.2.2-2] [MQTT-3.2.2-3] session present tells what there was', async () => {
    const { open } = await defaultStack({ backend: backend() })
    const visits = [
      { clean: false, present: false },
      { clean: false, present: true },
      { clean: true, present: false },
      { clean: false, present: false },
      { clean: false, present: true },
    ]
    for (const { clean, present } of visits) {
      const alice = open({ clientId: 'alice' })
      expect(await alice.connect({ clean })).toMatchObject({ returnCode: 0, sessionPresent: present })
      await alice.disconnect()
    }
  })

  it('[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-4.1.0-1] a stored session keeps subscriptions and collects messages', async () => {
    const { client, open } = await defaultStack({ backend: backend() })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe([
      { topic: 'a', qos: 1 },
      { topic: 'b/+', qos: 2 },
    ])
    await alice.disconnect()
    const bob = await client({ clientId: 'bob' })
    await bob.publish('a', 'one', { qos: 1 })
    await bob.publish('b/c', 'two', { qos: 2 })
    await bob.publish('a', 'lost', { qos: 0 })
    const back = open({ clientId: 'alice' })
    expect((await back.connect({ clean: false })).sessionPresent).toBe(true)
    expect(await back.message()).toEqual({ topic: 'a', payload: 'one', qos: 1, retain: false, dup: false })
    expect(await back.message()).toEqual({ topic: 'b/c', payload: 'two', qos: 2, retain: false, dup: false })
    await bob.publish('a', 'three', { qos: 1 })
    expect((await back.message()).payload).toBe('three')
    await back.expectNothing()
  })

  it('[MQTT-3.2.0-1] CONNACK comes before everything that was missed', async () => {
    const { client } = await defaultStack({ backend: backend() })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe('a', { qos: 1 })
    await alice.drop()
    const bob = await client({ clientId: 'bob' })
    for (let i = 0; i < 5; i++) await bob.publish('a', `${i}`, { qos: 1 })
    const back = await client({ clientId: 'alice', clean: false })
    await back.expectNothing('connack')
    expect(back.received.map(({ cmd }) => cmd)).toEqual(['connack', ...Array(5).fill('publish')])
  })

  it('[MQTT-3.1.2-6] nothing of a clean session is used again', async () => {
    const { client } = await defaultStack({ backend: backend() })
    const alice = await client({ clientId: 'alice', clean: true })
    await alice.subscribe('a', { qos: 2 })
    await alice.drop()
    const bob = await client({ clientId: 'bob' })
    await bob.publish('a', 'one', { qos: 2 })
    for (const clean of [false, true]) {
      const back = await client({ clientId: 'alice', clean })
      await bob.publish('a', 'two', { qos: 2 })
      await back.expectNothing()
      await back.drop()
    }
  })

  it('[MQTT-3.1.2-7] retained messages are no part of a session', async () => {
    const { client } = await defaultStack({ backend: backend() })
    const alice = await client({ clientId: 'alice' })
    await alice.publish('a', 'kept', { qos: 1, retain: true })
    await alice.drop()
    const back = await client({ clientId: 'alice' })
    await back.subscribe('a')
    expect(await back.message()).toMatchObject({ payload: 'kept', retain: true })
  })

  it('[MQTT-4.1.0-2] lasts as long as its connection, however long that is', async () => {
    const { client, advance, stack } = await defaultStack({
      backend: backend(),
      sessionManager: { maximumExpiry: 1 },
      stack: { stallTimeout: 60_000 },
    })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe('a')
    await advance(60_000)
    await alice.publish('a', 'still')
    expect((await alice.message()).payload).toBe('still')
    expect(stack.clients.size).toBe(1)
  })

  it('an UNSUBSCRIBE is remembered as well', async () => {
    const { client } = await defaultStack({ backend: backend() })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe(['a', 'b'], { qos: 1 })
    await alice.unsubscribe('a')
    await alice.disconnect()
    const back = await client({ clientId: 'alice', clean: false })
    await back.publish('a', 'no', { qos: 1 })
    await back.publish('b', 'yes', { qos: 1 })
    expect((await back.message()).payload).toBe('yes')
    await back.expectNothing('publish')
  })

  it('a filter that somebody behind refuses does not come back with the session', async () => {
    const { client } = await defaultStack({
      backend: backend(),
      use: [
        {
          name: 'Refuse',
          subscribeTopic({ topic, restored }, store) {
            if (topic === 'no' && !restored) store.grant = 0x87
          },
        },
      ],
    })
    const alice = await client({ clientId: 'alice', clean: false })
    expect((await alice.subscribe(['yes', 'no'])).granted).toEqual([0, 0x80])
    await alice.disconnect()
    const back = await client({ clientId: 'alice', clean: false })
    await back.publish('no', 'no')
    await back.publish('yes', 'yes')
    expect((await back.message()).payload).toBe('yes')
  })
})

describe.each(BACKENDS)('a session ends, with %s', (_name, backend) => {
  it('by the sweep, when its time is over: log, subscriptions, all', async () => {
    const store = backend()
    const { client, open, advance, events } = await defaultStack({
      backend: store,
      sessionManager: { maximumExpiry: 10 },
    })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe('a', { qos: 1 })
    await alice.disconnect()
    const bob = await client({ clientId: 'bob' })
    await bob.publish('a', 'one', { qos: 1 })
    await advance(9_000)
    expect(store.stats).toMatchObject({ sessions: 2, expiring: 1, subscriptions: 1, messages: 1 })
    await advance(2_000)
    expect(events.at(-1)).toBe('ended alice (expired)')
    expect(store.stats).toMatchObject({
      sessions: 1,
      expiring: 0,
      subscriptions: 0,
      messages: 0,
      messageBytes: 0,
    })
    expect((await open({ clientId: 'alice' }).connect({ clean: false })).sessionPresent).toBe(false)
  })

  it('when its time is over, even where no sweep has found it: it is not resumed', async () => {
    const { client, open, advance } = await defaultStack({
      backend: backend(),
      sessionManager: { maximumExpiry: 10, sweep: 3_600_000 },
    })
    const alice = await client({ clientId: 'alice', clean: false })
    await alice.subscribe('a', { qos: 1 })
    await alice.disconnect()
    await advance(11_000)
    const back = open({ clientId: 'alice' })
    expect((await back.connect({ clean: false })).sessionPresent).toBe(false)
    await back.publish('a', 'one', { qos: 1 })
    await back.expectNothing()
  })

  it('counts from the end of its last connection', async () => {
    const { client, open, advance } = await defaultStack({
      backend: backend(),
      sessionManager: { maximumExpiry: 10 },
    })
    await (await client({ clientId: 'alice', clean: false })).disconnect()
    for (let i = 0; i < 3; i++) {
      await advance(8_000)
      const back = open({ clientId: 'alice' })
      expect((await back.connect({ clean: false })).sessionPresent).toBe(true)
      await advance(8_000)
      await back.drop()
    }
    await advance(12_000)
    expect((await open({ clientId: 'alice' }).connect({ clean: false })).sessionPresent).toBe(false)
  })

  it('when its time has passed, not when the wall clock is set', async () => {
    const { client, clock, advance, events } = await defaultStack({ backend: backend() })
    await (await client({ clientId: 'alice', clean: false })).disconnect()
    clock.set(clock.wall() + 30 * 24 * HOUR)
    await clock.leap(6 * 24 * HOUR)
    await advance(2_000)
    expect(events).not.toContain('ended alice (expired)')
    clock.set(clock.wall() - 60 * 24 * HOUR)
    await clock.leap(24 * HOUR)
    await advance(2_000)
    expect(events.at(-1)).toBe('ended alice (expired)')
  })

  it('also hundreds of them at once', async () => {
    const store = backend()
    const { stack, client, advance, events } = await defaultStack({
      backend: store,
      sessionManager: { maximumExpiry: 10 },
    })
    const ids = Array.from({ length: 300 }, (_, i) => `client-${i}`)
    await Promise.all(ids.map(async (clientId) => (await client({ clientId, clean: false })).drop()))
    expect(store.stats.expiring).toBe(300)
    await advance(12_000)
    expect(store.stats).toMatchObject({ sessions: 0, expiring: 0 })
    expect(events.filter((event) => event.startsWith('ended'))).toHaveLength(300)
    expect(stack.clients.size).toBe(0)
  })
})
