import type { ConnectOptions, OpenOptions, Received } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { everybody } from '../../../test/rig/everybody.ts'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const kept = (clientId: string, username = 'alice'): ConnectOptions & OpenOptions => ({
  clientId,
  username,
  clean: false,
  properties: { sessionExpiryInterval: 600 },
})

describe.each(BACKENDS)('what one user may hold, with %s', (_, backend) => {
  const limited = (options: RateLimitOptions) => {
    const kept = backend()
    const broker = broker5({
      backend: kept,
      use: [
        { middleware: new RateLimit({ ...NO_LIMITS, ...options }), before: 'authentication' },
        { middleware: everybody, after: 'authentication' },
      ],
    })
    const connack = async (options: ConnectOptions & OpenOptions) => {
      const { reasonCode, properties } = await broker.open(options).connect(options)
      return [reasonCode, properties?.reasonString]
    }
    return { ...broker, connack, kept }
  }

  it('connections: more are refused with 0x97, those of others are not', async () => {
    const { client, connack } = limited({ connectionsPerUser: 2 })
    const one = await client({ clientId: 'one', username: 'alice' })
    await client({ clientId: 'two', username: 'alice' })
    const refused = [0x97, 'more than 2 connections of one user (connectionsPerUser)']
    expect(await connack({ clientId: 'three', username: 'alice' })).toEqual(refused)
    expect(await connack({ clientId: 'four', username: 'bob' })).toEqual([0, undefined])
    await one.drop()
    expect(await connack({ clientId: 'three', username: 'alice' })).toEqual([0, undefined])
    expect(await connack({ clientId: 'five', username: 'alice' })).toEqual(refused)
  })

  it('connections: whoever takes over its own is not one more', async () => {
    const { client, connack } = limited({ connectionsPerUser: 1 })
    const one = await client(kept('one'))
    expect(await connack(kept('one'))).toEqual([0, undefined])
    await one.closed
    expect((await connack(kept('two')))[0]).toBe(0x97)
    expect(await connack(kept('one'))).toEqual([0, undefined])
  })

  it('connections: many that come at once are not more than one by one', async () => {
    const { connack } = limited({ connectionsPerUser: 3 })
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => connack({ clientId: `c${i}`, username: 'alice' })),
    )
    expect(all.filter(([code]) => code === 0)).toHaveLength(3)
  })

  it('stored sessions: more are refused with 0x97; those that are there may be resumed', async () => {
    const { client, connack } = limited({ sessionsPerUser: 2 })
    await (await client(kept('one'))).disconnect()
    await (await client(kept('two'))).disconnect()
    expect(await connack(kept('three'))).toEqual([
      0x97,
      'more than 2 stored sessions of one user (sessionsPerUser)',
    ])
    expect((await connack(kept('three', 'bob')))[0]).toBe(0)
    expect((await connack({ clientId: 'four', username: 'alice' }))[0]).toBe(0)
    expect((await connack(kept('one')))[0]).toBe(0)
    await (await client({ ...kept('two'), clean: true, properties: {} })).disconnect()
    expect((await connack(kept('five')))[0]).toBe(0)
  })

  it('subscriptions: more are refused with 0x97, whichever session asks', async () => {
    const { client } = limited({ subscriptionsPerUser: 3 })
    const one = await client(kept('one'))
    const two = await client({ clientId: 'two', username: 'alice' })
    expect((await one.subscribe(['a', 'b'])).granted).toEqual([0, 0])
    expect((await two.subscribe(['c', 'd', 'c'])).granted).toEqual([0, 0x97, 0])
    expect((await (await client({ username: 'bob' })).subscribe(['a'])).granted).toEqual([0])
    await one.unsubscribe(['a'])
    expect((await two.subscribe(['d'])).granted).toEqual([0])
    await two.drop()
    expect((await one.subscribe(['e', 'f', 'g'])).granted).toEqual([0, 0, 0x97])
  })

  it('retained messages: more are not retained, and told with 0x97; one may replace its own', async () => {
    const { client, kept } = limited({ retainedPerUser: 2 })
    const alice = await client({ username: 'alice' })
    const bob = await client({ username: 'bob' })
    const puback = async (one: typeof alice, topic: string, payload = 'x') =>
      (await one.publish(topic, payload, { qos: 1, retain: true })) as Received<'puback'>
    const retain = async (...given: Parameters<typeof puback>) => (await puback(...given)).reasonCode
    expect(await retain(alice, 'a')).toBe(0x10)
    expect(await retain(alice, 'b')).toBe(0x10)
    expect(await retain(alice, 'c')).toBe(0x97)
    expect(await retain(alice, 'a', 'y')).toBe(0x10)
    expect(await retain(bob, 'c')).toBe(0x10)
    expect(await retain(alice, 'b', '')).toBe(0x10)
    expect(await retain(alice, 'd')).toBe(0x10)
    expect(await retain(alice, 'e')).toBe(0x97)
    expect(kept.stats.retained).toBe(3)
  })
})
