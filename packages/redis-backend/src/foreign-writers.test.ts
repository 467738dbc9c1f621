/** What somebody else has written into keys of ours, or taken away there. */
import { Buffer } from 'node:buffer'
import { beforeEach, expect, it } from 'vitest'
import { open, start, thrown } from '../../../test/rig/redis/passing.ts'
import { ask } from '../../../test/rig/redis/redis-cluster.ts'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { needs } from '../../../test/support/needs.ts'
import type { RedisStore } from './redis-store.ts'

let redis: RedisServer

beforeEach(async (context) => {
  needs(context, 'redis-server')
  redis = await start()
})

const node = (name: string): Promise<RedisStore> => open({ url: redis.url, node: name, lease: 60_000 })
const set = (key: string) => ({ key: Buffer.from(key), value: Buffer.from(key) })
const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }

it('a node whose part Redis has lost goes when it is claimed, and is not claimed for ever', async () => {
  const [a, b] = [await node('a'), await node('b')]
  await b.write([set('k')])
  const part = ['meta', 'lease', 'order', 'values', 'inbox'].map((key) => `mqtt-stack:{node:b}:${key}`)
  await ask(redis, 'DEL', ...part)
  expect(await a.nodes()).toContainEqual({ node: 'b', alive: false })
  const claimed = await a.claim('b')
  expect(await claimed?.forget('')).toBe(true)
  expect(await a.nodes()).toEqual([{ node: 'a', alive: true }])
  await expect(b.renew()).rejects.toMatchObject({ code: 'LEASE_LOST' })
})

it('a node that joins anew meanwhile stays', async () => {
  const a = await node('a')
  const b = await node('b')
  const part = ['meta', 'lease', 'order', 'values', 'inbox'].map((key) => `mqtt-stack:{node:b}:${key}`)
  await ask(redis, 'DEL', ...part)
  await a.claim('b')
  await ask(redis, 'DEL', ...part)
  await b.close()
  const again = await node('b')
  const claimed = await a.claim('b')
  expect(claimed).toBeUndefined()
  expect(await again.nodes()).toContainEqual({ node: 'b', alive: true })
})

it('what no node can be called is no node', async () => {
  const a = await node('a')
  for (const name of ['bad}{name', 'two\nlines', '', 'x'.repeat(65), 'ä'])
    await ask(redis, 'HSET', 'mqtt-stack:service', name, 'x')
  expect(await a.nodes()).toEqual([{ node: 'a', alive: true }])
})

it('what stands in the feed behind the last change is passed over, and the map is not read anew for it', async () => {
  const a = await node('a')
  const position = await a.retained.write([set('t')], Buffer.from('first'))
  for (const entry of [
    ['b', 'garbage', 's', '0'],
    ['x', 'y'],
  ])
    await ask(redis, 'XADD', 'mqtt-stack:{retained}:feed', '*', ...entry)
  expect(await a.retained.changes(position, 10)).toEqual([])
  await a.retained.write([set('u')], Buffer.from('second'))
  const behind = (await a.retained.changes(position, 10)) ?? []
  expect(behind.map(({ bytes }) => String(bytes)).at(-1)).toBe('second')
})

it('a key without its value has no bytes', async () => {
  const a = await node('a')
  await a.write([set('1'), set('2')])
  await ask(redis, 'HDEL', 'mqtt-stack:{node:a}:values', '1')
  const entries = await a.read(ALL, 10)
  expect(entries.map(({ value }) => String(value))).toEqual(['', '2'])
})

it('keys of another type are one clear line', async () => {
  await ask(redis, 'SET', 'mqtt-stack:{node:a}:inbox', 'x')
  expect(
    await thrown(
      redis,
      node('a').then((store) => store.receive('', 1)),
    ),
  ).toBe(
    'STORE_FAILED redis-backend: cannot use redis://HOST: another program has written keys of this prefix: give "prefix" another value',
  )
})
