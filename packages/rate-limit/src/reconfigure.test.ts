import { Authentication } from '@mqtt-stack/authentication'
import type { Listener, MiddlewareLike } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import type { RateLimitOptions } from './index.ts'
import { RateLimit } from './index.ts'

const HERE: Listener = { transport: 'tcp', local: false, remote: '192.0.2.1:1' }

async function running(options: RateLimitOptions, ...others: MiddlewareLike[]) {
  const limits = new RateLimit({ ...NO_LIMITS, ...options })
  const stack = await testStack(limits, ...others, acceptAll())
  const connack = async (username?: string) =>
    (await stack.open({ protocolVersion: 5, listener: HERE }).connect({ username })).reasonCode
  return { ...stack, limits, connack }
}

async function flood(client: TestClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await client.publish('t', 'x')
}

describe('while it runs', () => {
  it('a rate may be set, for those who are connected too', async () => {
    const { client, limits, settle } = await running({})
    const alice = await client({ protocolVersion: 5 })
    await flood(alice, 100)
    expect(limits.reconfigure({ ...NO_LIMITS, messageRate: 2, burst: 1, tooFast: 'close' })).toEqual([])
    await flood(alice, 3)
    await alice.closed
    await settle()
    expect(alice.received.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x96 })
  })

  it('a rate may be taken away', async () => {
    const { client, limits, settle } = await running({ messageRate: 1, burst: 1, tooFast: 'close' })
    const alice = await client()
    await flood(alice, 1)
    expect(limits.reconfigure(NO_LIMITS)).toEqual([])
    await flood(alice, 100)
    await settle()
    expect(alice.stream.destroyed).toBe(false)
    expect(limits.handles).toEqual([])
  })

  it('a number of connections may become another one, and those that are there count', async () => {
    const { connack, limits } = await running({ connections: 1 })
    expect([await connack(), await connack()]).toEqual([0, 0x97])
    expect(limits.reconfigure({ ...NO_LIMITS, connections: 2 })).toEqual([])
    expect([await connack(), await connack()]).toEqual([0, 0x97])
  })

  it('connections are bounded by a limit that is new, and those that are there count', async () => {
    const { connack, limits } = await running({ connectRate: 100 })
    expect([await connack(), await connack()]).toEqual([0, 0])
    expect(limits.reconfigure({ ...NO_LIMITS, connections: 3, connectionsPerAddress: 9 })).toEqual([])
    expect([await connack(), await connack()]).toEqual([0, 0x97])
    expect(limits.reconfigure({ ...NO_LIMITS, connectionsPerAddress: 3 })).toEqual([])
    expect(await connack()).toBe(0x97)
    expect(limits.reconfigure({ ...NO_LIMITS, connectionsPerAddress: 4 })).toEqual([])
    expect([await connack(), await connack()]).toEqual([0, 0x97])
  })

  it('connections that went while nothing was limited count no more', async () => {
    const { open, connack, limits } = await running({ connections: 2 })
    const one = open({ protocolVersion: 5, listener: HERE })
    await one.connect()
    expect(limits.reconfigure(NO_LIMITS)).toEqual([])
    await one.drop()
    expect([await connack(), await connack()]).toEqual([0, 0])
    expect(limits.reconfigure({ ...NO_LIMITS, connections: 3 })).toEqual([])
    expect([await connack(), await connack()]).toEqual([0, 0x97])
  })

  it('the number of connections of a user that was not counted so far waits for the next start', async () => {
    const { connack, limits, stack } = await running({ connectRate: 100 })
    const options = { ...NO_LIMITS, connectionsPerUser: 1, sessionsPerUser: 7 }
    expect(limits.reconfigure(options)).toEqual(['connectionsPerUser'])
    expect([await connack(), await connack()]).toEqual([0, 0])
    expect(stack.ledger.bounds).toMatchObject({ connections: Number.POSITIVE_INFINITY, sessions: 7 })
  })

  it('failures may be bounded', async () => {
    const nobody: MiddlewareLike = { name: 'Nobody', authenticateConnection: () => {} }
    const { connack, limits } = await running({}, new Authentication(), nobody)
    expect([await connack('a'), await connack('a')]).toEqual([0x86, 0x86])
    expect(limits.reconfigure({ ...NO_LIMITS, failures: 1 })).toEqual([])
    expect([await connack('a'), await connack('a')]).toEqual([0x86, 0x8a])
    expect(limits.reconfigure(NO_LIMITS)).toEqual([])
    expect(await connack('a')).toBe(0x86)
  })

  it('overload may be judged by other limits', async () => {
    const { advance, connack, limits } = await running({
      memory: 0.5,
      measure: () => ({ memory: 0.6, loopDelay: 0 }),
    })
    await advance(1_000)
    expect(await connack()).toBe(0x97)
    expect(limits.reconfigure({ ...NO_LIMITS, memory: 0.7, measure: limits.config.measure })).toEqual([])
    await advance(1_000)
    expect(await connack()).toBe(0)
  })

  it('what is wrong changes nothing', async () => {
    const { limits, connack } = await running({ connections: 1 })
    expect(() => limits.reconfigure({ ...NO_LIMITS, connections: 2, memory: 7 })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
    expect([await connack(), await connack()]).toEqual([0, 0x97])
  })
})
