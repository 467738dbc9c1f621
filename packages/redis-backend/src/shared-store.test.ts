/** The suite for stores that several nodes share, over a real Redis. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describeSharedStore } from '@mqtt-stack/conformance/backend'
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

describe('RedisStore', () => {
  describeSharedStore({
    describe,
    it,
    create: () => {
      const prefix = `${randomUUID()}:`
      return {
        open: (node) => new RedisStore({ url: redis.url, prefix, node, lease: 1_000 }),
        pass: (ms) => delay(ms),
      }
    },
  })
})
