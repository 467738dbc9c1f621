/** The suite for stores that several nodes share, over a real Redis. */
import { randomUUID } from 'node:crypto'
import { describeSharedStore } from '@mqtt-stack/conformance/backend'
import { afterAll, beforeAll, beforeEach, describe, it } from 'vitest'
import { LONG_LEASE, leasesIn } from '../../../test/rig/redis/leases.ts'
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

describe('RedisStore', () => {
  describeSharedStore({
    describe,
    it,
    create: () => {
      const prefix = `${randomUUID()}:`
      const leases = leasesIn([redis], prefix)
      return {
        open: (node) => new RedisStore({ url: redis.url, prefix, node, lease: LONG_LEASE }),
        pass: leases.pass,
        remove: leases.close,
      }
    },
  })
})
