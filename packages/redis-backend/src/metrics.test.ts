/** What a store measures of its own goes out with what the backend counts. */
import { randomUUID } from 'node:crypto'
import type { MetricFamily } from '@mqtt-stack/core'
import { expect, it, onTestFinished } from 'vitest'
import { listeningBroker } from '../../../test/rig/broker.ts'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { needs } from '../../../test/support/needs.ts'
import { RedisBackend } from './index.ts'

it('round trips to Redis are counted, and commits as with every store', async (context) => {
  needs(context, 'redis-server')
  const redis = await startRedis({ appendfsync: 'no' })
  onTestFinished(() => redis.stop())
  const backend = new RedisBackend({ url: redis.url, prefix: `${randomUUID()}:` })
  const broker = await listeningBroker({ backend })
  await broker.publish('a', 'x', { retain: true })
  const families: MetricFamily[] = await broker.stack.call('lookupMetrics', {})
  const countOf = (name: string): number =>
    families.find((family) => family.name === name)?.samples[0]?.count ?? 0
  expect(countOf('mqtt_redis_roundtrip_seconds')).toBeGreaterThan(0)
  expect(countOf('mqtt_store_commit_seconds')).toBeGreaterThan(0)
})
