/** A real Redis for the tests of one file: started before them, empty before each, and ended behind the last. */
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { needs, programPath } from '../../support/needs.ts'
import type { RedisServer, RedisSettings } from './redis-server.ts'
import { startRedis } from './redis-server.ts'

/** A client beside the one that is tested. */
interface RawClient {
  flushall(): Promise<unknown>
  disconnect(): void
}

export interface RedisOfFile<Raw> {
  readonly redis: RedisServer
  readonly raw: Raw
}

/**
 * Each test is skipped with its reason where there is no `redis-server`.
 * @param connect Makes the client.
 */
export function redisOfFile<Raw extends RawClient>(
  connect: (server: RedisServer) => Raw,
  settings?: RedisSettings,
): RedisOfFile<Raw> {
  let redis: RedisServer
  let raw: Raw
  beforeAll(async () => {
    if (!programPath('redis-server')) return
    redis = await startRedis(settings)
    raw = connect(redis)
  })
  afterAll(async () => {
    raw?.disconnect()
    await redis?.stop()
  })
  beforeEach(async (context) => {
    needs(context, 'redis-server')
    await raw.flushall()
  })
  return {
    get redis() {
      return redis
    },
    get raw() {
      return raw
    },
  }
}
