/** Limits of one listener, in place of those of the whole broker. */
import { Authentication } from '@mqtt-stack/authentication'
import type { Listener, ListenerLimits, MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

interface Limits extends ListenerLimits {
  options: Readonly<Record<string, unknown>>
}

const limitsOf = (options: object): Limits => ({
  owner: 'limits of the tcp listener "world"',
  options: { ...options },
})
const HOUSE: Listener = { transport: 'tcp', local: false, remote: '192.0.2.1:1' }

async function running(own: object, options: RateLimitOptions = {}, ...others: MiddlewareLike[]) {
  const world = limitsOf(own)
  const limits = new RateLimit({ ...NO_LIMITS, ...options })
  limits.limitListeners([world])
  const stack = await testStack(limits, ...others, acceptAll())
  const there: Listener = { ...HOUSE, limits: world }
  const connack = async (listener: Listener = there, username?: string) =>
    (await stack.open({ protocolVersion: 5, listener }).connect({ username })).reasonCode
  const says = async (listener: Listener = there) =>
    (await stack.open({ protocolVersion: 5, listener }).connect()).properties?.reasonString
  return { ...stack, limits, world, there, connack, says }
}

async function flood(client: TestClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await client.publish('t', 'x')
}

describe('connections', () => {
  it('of a listener are bounded there alone', async () => {
    const { connack, says } = await running({ connections: 1 })
    expect([await connack(), await connack()]).toEqual([0, 0x97])
    expect(await says()).toBe('more than 1 connections of this listener (connections)')
    expect([await connack(HOUSE), await connack(HOUSE)]).toEqual([0, 0])
  })

  it('of a listener count with all others where the whole broker has a bound', async () => {
    const { connack, says } = await running({ connections: 5 }, { connections: 2 })
    expect([await connack(), await connack(HOUSE), await connack()]).toEqual([0, 0, 0x97])
    expect(await says()).toBe('more than 2 connections (connections)')
  })

  it('of one address are those at this listener, and the bound of the whole broker is not asked', async () => {
    const { connack, says } = await running({ connectionsPerAddress: 2 }, { connectionsPerAddress: 1 })
    expect([await connack(HOUSE), await connack(HOUSE)]).toEqual([0, 0x97])
    expect([await connack(), await connack(), await connack()]).toEqual([0, 0, 0x97])
    expect(await says()).toBe(
      'more than 2 connections of one address of this listener (connectionsPerAddress)',
    )
  })

  it('may be without a bound at one listener', async () => {
    const { connack } = await running({ connectionsPerAddress: 0 }, { connectionsPerAddress: 1 })
    expect([await connack(), await connack(), await connack(HOUSE)]).toEqual([0, 0, 0])
  })

  it('of one address count everywhere where the listener says nothing of them', async () => {
    const { connack } = await running({ messageRate: 1 }, { connectionsPerAddress: 1 })
    expect([await connack(), await connack(HOUSE)]).toEqual([0, 0x97])
  })

  it('that come too fast are refused there alone', async () => {
    const { connack, says } = await running({ connectRate: 1, burst: 1 })
    expect(await connack()).toBe(0)
    expect(await says()).toBe('more than 1 connections a second of this listener (connectRate)')
    expect([await connack(HOUSE), await connack(HOUSE)]).toEqual([0, 0])
  })

  it('that come too fast from one address are refused there alone', async () => {
    const { connack, says } = await running({ connectRatePerAddress: 1, burst: 1 })
    expect(await connack()).toBe(0)
    const reason = 'more than 1 connections a second of one address of this listener (connectRatePerAddress)'
    expect(await says()).toBe(reason)
    expect([await connack(HOUSE), await connack(HOUSE)]).toEqual([0, 0])
  })
})

describe('messages', () => {
  it('of clients of a listener have its rate, and what it does with those that are too fast', async () => {
    const { open, there, settle } = await running({ messageRate: 1, burst: 1, tooFast: 'close' })
    const [fast, other] = [open({ listener: there, protocolVersion: 5 }), open({ listener: HOUSE })]
    await fast.connect()
    await other.connect()
    await flood(fast, 3)
    await flood(other, 300)
    await fast.closed
    await settle()
    expect(fast.received.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x96 })
    expect(other.stream.destroyed).toBe(false)
  })

  it('have no rate at a listener that says so', async () => {
    const limits = { messageRate: 1, burst: 1, tooFast: 'close' } as const
    const { open, there, settle } = await running({ messageRate: 0 }, limits)
    const free = open({ listener: there, protocolVersion: 5 })
    await free.connect()
    await flood(free, 100)
    await settle()
    expect(free.stream.destroyed).toBe(false)
  })
})

describe('failed authentications', () => {
  const nobody: MiddlewareLike = { name: 'Nobody', authenticateConnection: () => {} }

  it('are counted apart at a listener with limits of its own', async () => {
    const { connack } = await running({ failures: 1 }, { failures: 5 }, new Authentication(), nobody)
    expect([await connack(undefined, 'a'), await connack(undefined, 'a')]).toEqual([0x86, 0x8a])
    expect(await connack(HOUSE, 'a')).toBe(0x86)
  })

  it('are counted everywhere where the listener says nothing of them', async () => {
    const { connack } = await running({ connections: 9 }, { failures: 1 }, new Authentication(), nobody)
    expect([await connack(undefined, 'a'), await connack(HOUSE, 'a')]).toEqual([0x86, 0x8a])
  })
})

describe('while it runs', () => {
  it('a listener may get other limits, and those that are connected count', async () => {
    const { connack, limits, world } = await running({ connections: 1 })
    expect([await connack(), await connack()]).toEqual([0, 0x97])
    world.options = { connections: 3 }
    limits.limitListeners([world])
    expect([await connack(), await connack(), await connack()]).toEqual([0, 0, 0x97])
    limits.limitListeners([])
    expect([await connack(), limits.handles]).toEqual([0, []])
  })

  it('options that a listener does not name are those of the whole broker then', async () => {
    const { open, there, limits, settle } = await running({ tooFast: 'close', burst: 1 })
    const alice = open({ listener: there, protocolVersion: 5 })
    await alice.connect()
    await flood(alice, 100)
    expect(limits.reconfigure({ ...NO_LIMITS, messageRate: 1 })).toEqual([])
    await flood(alice, 3)
    await alice.closed
    await settle()
    expect(alice.received.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x96 })
  })
})

describe('what no listener can have', () => {
  it.each([
    [
      { connectionsPerUser: 1 },
      'limits of the tcp listener "world": option "connectionsPerUser" holds for the whole broker: give it to RateLimit itself',
    ],
    [
      { exempt: [] },
      'limits of the tcp listener "world": option "exempt" holds for the whole broker: give it to RateLimit itself',
    ],
    [
      { burst: 0 },
      'limits of the tcp listener "world": option "burst" must be a number from 0.1 to 3600 (s), not 0',
    ],
    [
      { messages: 0 },
      'limits of the tcp listener "world": unknown option "messages" (known: connections, connectionsPerAddress, connectRate, connectRatePerAddress, messageRate, byteRate, burst, tooFast, failures, failuresPerAddress, refusalTime)',
    ],
  ])('%j', async (own, message) => {
    const { limits, connack, world } = await running({ connections: 1 })
    expect(() => limits.limitListeners([limitsOf(own)])).toThrow(message)
    // Nothing has changed.
    limits.limitListeners([world])
    expect([await connack(), await connack()]).toEqual([0, 0x97])
  })
})

it('nobody is asked for anything where no listener has limits', async () => {
  const limits = new RateLimit(NO_LIMITS)
  limits.limitListeners([])
  expect([limits.handles, limits.install]).toEqual([[], undefined])
})
