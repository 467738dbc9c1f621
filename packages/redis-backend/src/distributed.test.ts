/** The suite for backends of several brokers, over a real Redis. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describeBackend, overService } from '@mqtt-stack/conformance/backend'
import { VirtualClock } from '@mqtt-stack/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { RedisStore } from './redis-store.ts'

/** Real time, in which a busy machine may do nothing for us. */
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
    return {
      clock,
      lease: LEASE,
      pass: async (ms) => {
        await Promise.all([clock.advance(ms), delay(ms)])
      },
      left: async () => ({ keys: (await client.keys(`${prefix}*`)).length }),
      open: (node) => new RedisStore({ url: redis.url, prefix, node, lease: LEASE }),
      remove: () => client.disconnect(),
    }
  })
  describeBackend({ describe, it, create, capabilities: { distributed: true }, only: 'distributed' })
})
