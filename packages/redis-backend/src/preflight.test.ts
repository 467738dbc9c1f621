/** What is said of a Redis before anything is kept in it. */
import { Stack } from '@mqtt-stack/core'
import { RecordingLogger } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { start } from '../../../test/rig/redis/passing.ts'
import type { RedisSettings } from '../../../test/rig/redis/redis-server.ts'
import { needs } from '../../../test/support/needs.ts'
import { lacksOf, wrongWith } from './preflight.ts'
import { RedisBackend } from './redis-backend.ts'
import { targetOf } from './target.ts'

beforeEach((context) => needs(context, 'redis-server'))

it.each([
  [{ redis_version: '6.2.14' }, 'it is Redis 6.2.14, and 7.0 or later is needed'],
  [{ redis_version: '7.2.4', redis_mode: 'sentinel' }, 'it is a Sentinel: give its address as "sentinels"'],
  [{ redis_version: '8.0.0', maxmemory: '0', maxmemory_policy: 'allkeys-lru' }, undefined],
  [{ redis_version: '10.1.0' }, undefined],
])('says so: %j', (settings, message) => {
  const target = targetOf('x', { url: 'redis://h' })
  expect(wrongWith(new Map(Object.entries(settings)), target)).toBe(message)
})

describe('A Redis that promises less', () => {
  it.each([
    [
      { appendonly: 'no' },
      'keeps nothing on a disk: when it ends all sessions and messages are lost (set appendonly yes)',
    ],
    [
      { appendonly: 'no', save: '900 1' },
      'writes only snapshots to its disk: when it ends what was acknowledged since the last one is lost (set appendonly yes)',
    ],
    [
      { appendfsync: 'everysec' },
      'has appendfsync everysec: a crash may lose what was acknowledged in the last second (set it to always)',
    ],
    [
      { appendfsync: 'no' },
      'has appendfsync no: a crash may lose what was acknowledged in about the last half minute (set it to always)',
    ],
    [
      { 'client-output-buffer-limit': 'pubsub 0 0 0' },
      'has no limit for what waits for a subscriber: its memory may fill up (set client-output-buffer-limit pubsub 32mb 8mb 60)',
    ],
    [{ 'client-output-buffer-limit': 'pubsub 1mb 1mb 1' }, undefined],
  ])('says so in the log: %j', async (settings, warning) => {
    const redis = await start(settings as RedisSettings)
    const logger = new RecordingLogger()
    const stack = new Stack({ logger }).use(new RedisBackend({ url: redis.url }))
    await stack.start()
    await stack.stop()
    const lines = logger.lines
      .filter(({ level, message }) => level === 'warn' && message.startsWith('redis-backend'))
      .map(({ message }) => message)
    expect(lines).toEqual(warning === undefined ? [] : [`redis-backend: ${redis.url} ${warning}`])
  })

  it('or does not tell its settings', () => {
    expect(lacksOf(new Map([['aof_enabled', '1']]))).toEqual([
      'does not tell its appendfsync: with anything but always, what was acknowledged may be lost',
    ])
  })
})
