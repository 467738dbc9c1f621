/** The suite for backends of several brokers, over a real Redis. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describeBackend, overService } from '@mqtt-stack/conformance/backend'
import { VirtualClock } from '@mqtt-stack/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest'
import { LONG_LEASE, leasesIn } from '../../../test/rig/redis/leases.ts'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { RedisStore } from './redis-store.ts'

/** By the clock of the brokers, in ms. For Redis a lease is long, and ends as much earlier as a test lets time pass. */
const LEASE = 3_000

let redis: RedisServer

beforeAll(async () => {
  if (programPath('redis-server')) redis = await startRedis({ appendfsync: 'no' })
})

afterAll(() => redis?.stop())

beforeEach((context) => needs(context, 'redis-server'))

describe('over Redis', () => {
  const create = overService(() => {
    const prefix = `${randomUUID()}:`
    const clock = new VirtualClock({ wall: Date.now() })
    const client = new Redis(redis.url)
    const leases = leasesIn([redis], prefix)
    return {
      clock,
      lease: LEASE,
      pass: async (ms) => {
        // Who reads an inbox, or waits for Redis, does so by the clock on the wall.
        await Promise.all([clock.advance(ms), delay(ms)])
        await leases.pass((ms * LONG_LEASE) / LEASE)
      },
      left: async () => ({ keys: (await client.keys(`${prefix}*`)).length }),
      open: (node) =>
        Object.assign(new RedisStore({ url: redis.url, prefix, node, lease: LONG_LEASE }), { lease: LEASE }),
      remove: () => {
        client.disconnect()
        leases.close()
      },
    }
  })
  describeBackend({ describe, it, create, capabilities: { distributed: true }, only: 'distributed' })
})
