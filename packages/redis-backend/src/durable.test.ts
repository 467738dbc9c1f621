/** The suite for backends, over sessions that are kept in a real Redis. */
import { randomUUID } from 'node:crypto'
import { describeBackend, overStore } from '@mqtt-stack/conformance/backend'
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { RedisStore } from './redis-store.ts'

let redis: RedisServer

beforeAll(async () => {
  if (programPath('redis-server')) redis = await startRedis({ appendfsync: 'no' })
})

afterAll(() => redis?.stop())

beforeEach((context) => needs(context, 'redis-server'))

describe('over Redis', () => {
  const create = overStore(() => {
    const prefix = `${randomUUID()}:`
    // The clock of the suite is a virtual one, and that of Redis is not.
    return { open: () => new RedisStore({ url: redis.url, prefix, node: 'a', lease: 600_000 }) }
  })
  describeBackend({ describe, it, create, capabilities: { durable: true } })
})
