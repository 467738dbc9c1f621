/** A node that is started again by who knows that the process before has ended, over a real Redis. */
import { Buffer } from 'node:buffer'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { redisOfFile } from '../../../test/rig/redis/redis-of-file.ts'
import type { RedisOptions } from './options.ts'
import { RedisStore } from './redis-store.ts'

const given = redisOfFile(({ port, host }) => new Redis(port, host), { appendfsync: 'no' })
const stores: RedisStore[] = []

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

async function open(node: string, options: RedisOptions = {}): Promise<RedisStore> {
  const store = new RedisStore({ url: given.redis.url, node, lease: 600_000, ...options })
  store.listen({ reach: () => {}, cast: () => {} })
  stores.push(store)
  await store.open()
  return store
}

const set = (key: string) => ({ key: Buffer.from(key), value: Buffer.from(key) })

async function keysOf(store: RedisStore): Promise<string[]> {
  const entries = await store.read({ from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }, 9)
  return entries.map(({ key }) => String(Buffer.from(key)))
}

describe('A node', () => {
  it('follows at once upon one of the same parent, whose late writes fail', async () => {
    const before = await open('a', { parent: 'p' })
    await before.write([set('k')])
    for (const parent of ['other', 'p2', undefined])
      await expect(open('a', { parent })).rejects.toMatchObject({ code: 'NODE_TAKEN' })
    const next = await open('a', { parent: 'p' })
    expect(await keysOf(next)).toEqual(['k'])
    await expect(before.write([set('late')])).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await expect(before.renew()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    expect(await keysOf(next)).toEqual(['k'])
    expect(await next.nodes()).toEqual([{ node: 'a', alive: true }])
  })

  it('does not follow upon one of the same parent whose part another node has claimed', async () => {
    const [, b] = [await open('a', { parent: 'p' }), await open('b')]
    await given.raw.pexpire('mqtt-stack:{node:a}:lease', 0)
    await b.claim('a')
    await expect(open('a', { parent: 'p' })).rejects.toMatchObject({ code: 'NODE_TAKEN' })
  })
})
