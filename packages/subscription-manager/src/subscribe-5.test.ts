import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import type { ConnectOptions, OpenOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'

const SESSIONS = [
  ['that ends with its connection', 0],
  ['that is kept', 600],
] as const

const withSession = (sessionExpiryInterval: number): ConnectOptions & OpenOptions => ({
  clientId: 'one',
  clean: false,
  properties: { sessionExpiryInterval },
})

/** `no` is refused; `low` is granted QoS 0; filters that are a number are refused with it. */
const rules: MiddlewareLike = {
  name: 'Rules',
  authorizePacket({ packet }: Context<'authorizePacket'>, store: Store<'authorizePacket'>) {
    store.valid = true
    if (packet.cmd !== 'subscribe') return
    for (const [i, { topic }] of packet.subscriptions.entries()) {
      if (topic === 'no') store.grants?.splice(i, 1, 0x87)
      if (topic === 'low') store.grants?.splice(i, 1, 0)
      if (Number(topic) >= 0x80) store.grants?.splice(i, 1, Number(topic))
    }
  },
}
const ruled = { use: [{ middleware: rules, after: 'authorize' }] } as const

async function published(
  client: TestClient,
  topics: readonly string[],
  qos: 0 | 1 | 2 = 0,
): Promise<string[]> {
  for (const topic of topics) await client.publish(topic, 'x', { qos })
  return messagesOf(client)
}

describe.each(BACKENDS)('SUBSCRIBE, with %s', (_, backend) => {
  it('[MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] is answered filter by filter, in order', async () => {
    const { client } = broker5({ ...ruled, backend: backend() })
    const one = await client()
    const { granted } = await one.subscribe([
      { topic: 'a', qos: 2 },
      { topic: 'no', qos: 1 },
      { topic: 'b/#', qos: 0 },
      { topic: 'low', qos: 2 },
      { topic: String(0x97), qos: 2 },
      { topic: String(0x9e), qos: 2 },
      { topic: String(0xa2), qos: 2 },
      { topic: '+/c', qos: 1 },
      { topic: '$share/g/d', qos: 2 },
    ])
    expect(granted).toEqual([2, 0x87, 0, 0, 0x97, 0x9e, 0xa2, 1, 2])
    expect(await published(one, ['a', 'no', 'b/x', 'low', '151', 'x/c', 'd'], 2)).toEqual([
      'a x q2',
      'b/x x q0',
      'low x q0',
      'x/c x q1',
      'd x q2',
    ])
  })

  it('[MQTT-3.9.3-2] to older clients every refusal is 0x80', async () => {
    const { client } = broker5({ ...ruled, backend: backend() })
    const old = await client({ protocolVersion: 4 })
    expect((await old.subscribe(['a', 'no', '151', { topic: 'low', qos: 2 }])).granted).toEqual([
      0, 0x80, 0x80, 0,
    ])
  })

  it('[MQTT-3.8.4-5] of one filter twice is as two: the last counts', async () => {
    const { client, memory } = broker5()
    const one = await client()
    const { granted } = await one.subscribe([
      { topic: 'a', qos: 2 },
      { topic: 'a', qos: 1 },
    ])
    expect(granted).toEqual([2, 1])
    expect(await published(one, ['a'], 2)).toEqual(['a x q1'])
    expect(memory.stats.subscriptions).toBe(1)
  })

  it('[MQTT-3.8.4-3] [MQTT-3.8.4-8] again replaces all that was said', async () => {
    const { client } = broker5({ backend: backend() })
    const one = await client()
    await one.subscribe('a', { qos: 2, nl: true, rap: true })
    await one.subscribe('a', { qos: 1 })
    await one.publish('a', 'x', { qos: 2, retain: true })
    expect(messagesOf(one)).toEqual(['a x q1'])
    await one.subscribe('a', { qos: 0, nl: true, rh: 2 })
    await one.publish('a', 'y', { qos: 2 })
    expect(messagesOf(one)).toEqual(['a x q1'])
  })
})

describe('SUBSCRIBE', () => {
  it('is refused with 0x97 where a client has enough; it may subscribe again to what it has', async () => {
    const { client } = broker5({ subscriptionManager: { subscriptions: 2 } })
    const one = await client()
    expect((await one.subscribe(['a', 'b', 'c', 'a'])).granted).toEqual([0, 0, 0x97, 0])
    await one.unsubscribe('a')
    expect((await one.subscribe(['c', 'd'])).granted).toEqual([0, 0x97])
  })

  it('is refused with 0x80 where somebody failed; other filters and the client go on', async () => {
    const failing: MiddlewareLike = {
      name: 'Failing',
      subscribeTopic({ topic }: Context<'subscribeTopic'>) {
        if (topic === 'bad') throw new Error('out of order')
      },
    }
    const { client, logger } = broker5({ use: [failing] })
    const one = await client()
    expect((await one.subscribe(['a', 'bad', 'b'])).granted).toEqual([0, 0x80, 0])
    expect(logger.errors).toHaveLength(1)
    expect(await published(one, ['a', 'bad', 'b'])).toEqual(['a x q0', 'b x q0'])
  })

  it('nothing that is not so is said of what there is', async () => {
    const [, { properties }] = await broker5().accepted()
    for (const key of [
      'wildcardSubscriptionAvailable',
      'subscriptionIdentifiersAvailable',
      'sharedSubscriptionAvailable',
    ])
      expect(properties).not.toHaveProperty(key, false)
  })
})

describe.each(BACKENDS)('UNSUBSCRIBE, with %s', (_name, backend) => {
  it.each(SESSIONS)(
    '[MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] is answered filter by filter, in a session %s',
    async (_session, expiry) => {
      const { client } = broker5({ backend: backend() })
      const one = await client(withSession(expiry))
      await one.subscribe(['a', 'b/#', '+'])
      const { granted } = await one.unsubscribe(['b/#', 'never', 'a', 'a', 'b', '#'])
      expect(granted).toEqual([0, 0x11, 0, 0x11, 0x11, 0x11])
      // [MQTT-3.10.4-1]: `+` is another filter, though it matches `a`.
      expect(await published(one, ['a', 'b/c'])).toEqual(['a x q0'])
    },
  )

  it('knows what a session brought along', async () => {
    const { client, seconds } = broker5({ backend: backend() })
    const first = await client(withSession(600))
    await first.subscribe(['a', 'b'])
    await first.drop()
    const second = await client(withSession(600))
    expect((await second.unsubscribe(['a', 'c'])).granted).toEqual([0, 0x11])
    await second.drop()
    const third = await client(withSession(600))
    await seconds(0)
    expect(await published(third, ['a', 'b'])).toEqual(['b x q0'])
  })
})

describe.each(SESSIONS)('retain handling, in a session %s', (_session, expiry) => {
  it.each([
    [0, ['a kept q0 r', 'a kept q0 r', 'a kept q0 r']],
    [1, ['a kept q0 r', 'a kept q0 r']],
    [2, []],
  ] as const)(
    '[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4] %i: for a new subscription, an old one, and one made anew',
    async (rh, wanted) => {
      const { client, seconds } = broker5()
      const publisher = await client()
      await publisher.publish('a', 'kept', { retain: true })
      const one = await client(withSession(expiry))
      await one.subscribe('a', { rh })
      await seconds(0)
      await one.subscribe('a', { rh })
      await seconds(0)
      await one.unsubscribe('a')
      await one.subscribe('a', { rh })
      await seconds(0)
      expect(messagesOf(one)).toEqual(wanted)
    },
  )

  it('[MQTT-3.3.1-10] 1: another filter is another subscription, however it matches', async () => {
    const { client, seconds } = broker5()
    await (await client()).publish('a', 'kept', { retain: true })
    const one = await client(withSession(expiry))
    await one.subscribe(['a', '+', '#'], { rh: 1 })
    await seconds(0)
    expect(messagesOf(one)).toHaveLength(3)
  })
})

it('[MQTT-3.3.1-10] retain handling 1 knows the subscriptions of a session that was resumed', async () => {
  const { client, seconds } = broker5()
  await (await client()).publish('a', 'kept', { retain: true })
  const first = await client(withSession(600))
  await first.subscribe('a', { rh: 2 })
  await first.drop()
  const second = await client(withSession(600))
  await second.subscribe('a', { rh: 1 })
  await seconds(0)
  expect(messagesOf(second)).toEqual([])
  await second.subscribe('a', { rh: 0 })
  await seconds(0)
  expect(messagesOf(second)).toEqual(['a kept q0 r'])
})

describe.each(BACKENDS)('no local, with %s', (_name, backend) => {
  it.each(SESSIONS)(
    '[MQTT-3.8.3-3] keeps back a client’s own messages alone, in a session %s',
    async (_session, expiry) => {
      const { client, broker, seconds } = broker5({ backend: backend() })
      const [one, other] = [await client(withSession(expiry)), await client()]
      for (const each of [one, other]) await each.subscribe('a', { qos: 2, nl: true })
      for (const qos of [0, 1, 2] as const) {
        await one.publish('a', 'of one', { qos })
        await other.publish('a', 'of other', { qos })
      }
      await broker.publish('a', 'of the broker')
      await seconds(0)
      const levels = ['q0', 'q1', 'q2']
      expect(messagesOf(one).sort()).toEqual(
        ['a of the broker q0', ...levels.map((qos) => `a of other ${qos}`)].sort(),
      )
      expect(messagesOf(other).sort()).toEqual(
        ['a of the broker q0', ...levels.map((qos) => `a of one ${qos}`)].sort(),
      )
    },
  )

  it.each([
    ['one of two', true, false, ['a/b x q1']],
    ['the other of two', false, true, ['a/b x q0']],
    ['both', true, true, []],
    ['neither', false, false, ['a/b x q1']],
  ] as const)('[MQTT-3.8.3-3] of overlapping filters: %s', async (_what, first, second, wanted) => {
    const { client, seconds } = broker5({ backend: backend() })
    const one = await client()
    const subscribe = (topic: string, qos: 0 | 1, nl: boolean): Promise<unknown> =>
      one.subscribe(topic, { qos, nl, properties: { subscriptionIdentifier: qos + 1 } })
    await subscribe('a/+', 0, first)
    await subscribe('a/#', 1, second)
    await one.publish('a/b', 'x', { qos: 2 })
    await seconds(0)
    // The filter that is left decides the QoS.
    expect(messagesOf(one)).toEqual(wanted)
    const received = one.received.find((packet) => packet.cmd === 'publish')
    const wants = first === second ? [1, 2] : first ? 2 : 1
    if (received !== undefined) expect(received).toHaveProperty('properties.subscriptionIdentifier', wants)
  })

  it('[MQTT-3.8.3-3] goes by the client identifier, over connections', async () => {
    const { client, seconds } = broker5({ backend: backend() })
    const first = await client(withSession(600))
    await first.subscribe('a', { qos: 1, nl: true })
    await first.drop()
    const second = await client(withSession(600))
    await second.publish('a', 'own', { qos: 1 })
    const third = await client(withSession(600))
    await third.publish('a', 'own', { qos: 1 })
    await (await client()).publish('a', 'other', { qos: 1 })
    await seconds(0)
    expect(messagesOf(third)).toEqual(['a other q1'])
  })
})

describe.each(BACKENDS)('retain as published, with %s', (_name, backend) => {
  it.each(SESSIONS)(
    '[MQTT-3.3.1-12] [MQTT-3.3.1-13] decides what the flag is, in a session %s',
    async (_session, expiry) => {
      const { client, seconds } = broker5({ backend: backend() })
      const one = await client(withSession(expiry))
      await one.subscribe([
        { topic: 'a', qos: 1, rap: true },
        { topic: 'b', qos: 1, rap: false },
        { topic: 'c', qos: 1, rap: false },
        { topic: '+/c', qos: 1, rap: true },
        { topic: 'x/c', qos: 0, rap: false },
      ])
      const publisher = await client()
      for (const topic of ['a', 'b', 'c', 'x/c'])
        for (const retain of [true, false]) await publisher.publish(topic, String(retain), { qos: 1, retain })
      await seconds(0)
      expect(messagesOf(one)).toEqual([
        'a true q1 r',
        'a false q1',
        'b true q1',
        'b false q1',
        'c true q1',
        'c false q1',
        // One of those that match asks for it.
        'x/c true q1 r',
        'x/c false q1',
      ])
    },
  )

  it('[MQTT-3.3.1-12] [MQTT-3.3.1-13] holds for what waits in a session', async () => {
    const { client, seconds } = broker5({ backend: backend() })
    const first = await client(withSession(600))
    await first.subscribe([
      { topic: 'a', qos: 1, rap: true },
      { topic: 'b', qos: 1, rap: false },
    ])
    await first.drop()
    const publisher = await client()
    for (const topic of ['a', 'b']) await publisher.publish(topic, 'x', { qos: 1, retain: true })
    const second = await client(withSession(600))
    await seconds(0)
    expect(messagesOf(second)).toEqual(['a x q1 r', 'b x q1'])
  })

  it('what was retained comes as such all the same', async () => {
    const { client, seconds } = broker5({ backend: backend() })
    await (await client()).publish('a', 'x', { retain: true })
    const one = await client()
    for (const rap of [true, false]) await one.subscribe('a', { rap })
    await seconds(0)
    expect(messagesOf(one)).toEqual(['a x q0 r', 'a x q0 r'])
  })
})
