/** The driver over a Redis whose memory is full (`maxmemory`). */
import { Buffer } from 'node:buffer'
import type { OrderedStore } from '@mqtt-stack/core/backend'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { redisOfFile } from '../../../test/rig/redis/redis-of-file.ts'
import { RedisStore } from './redis-store.ts'

const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }
const FULL = /its memory is full \(maxmemory\): give it more, or let sessions end/

const given = redisOfFile(({ port, host }) => new Redis(port, host), { appendfsync: 'no' })
const stores: RedisStore[] = []

afterEach(async () => {
  await given.raw.config('SET', 'maxmemory', '0')
  for (const store of stores.splice(0)) await store.close()
})

async function open(node: string): Promise<RedisStore> {
  const store = new RedisStore({ url: given.redis.url, node, lease: 60_000, patience: 3_000 })
  stores.push(store)
  await store.open()
  return store
}

const fill = (): Promise<unknown> => given.raw.config('SET', 'maxmemory', '1')
const put = (key: string, bytes: number) => ({ key: Buffer.from(key), value: Buffer.alloc(bytes, 'x') })
const remove = (key: string) => ({ key: Buffer.from(key), value: undefined })
const POSTED = Buffer.from('posted')

async function keysOf(store: Pick<OrderedStore, 'read'>): Promise<string> {
  return (await store.read(ALL, 100)).map(({ key, value }) => `${String(key)}${value.length}`).join(' ')
}

describe('Where the memory of Redis is full', () => {
  it('a node keeps its lease, and one that starts again has what it had', async () => {
    const store = await open('a')
    await store.write([put('k', 100)])
    await fill()
    await given.raw.pexpire('mqtt-stack:{node:a}:lease', 1_000)
    await store.renew()
    expect(await given.raw.pttl('mqtt-stack:{node:a}:lease')).toBeGreaterThan(50_000)
    await store.close()
    expect(await keysOf(await open('a'))).toBe('k100')
  })

  it('another node may claim what a dead one has left', async () => {
    const [a, b] = [await open('a'), await open('b')]
    await a.write([put('k', 100)])
    await fill()
    await given.raw.del('mqtt-stack:{node:a}:lease')
    expect(await keysOf((await b.claim('a'))!)).toBe('k100')
  })

  it('what takes away as much as it keeps is written, and nothing else', async () => {
    const store = await open('a')
    await store.write([put('place', 20), put('k', 100), put('l', 100)])
    await fill()
    await store.write([put('place', 20)])
    await store.write([put('m', 100), remove('k')])
    await expect(store.write([put('n', 10)])).rejects.toThrow(FULL)
    await expect(store.write([put('l', 300)])).rejects.toThrow(FULL)
    await expect(store.write([put('n', 200), remove('k')])).rejects.toThrow(FULL)
    expect(await keysOf(store)).toBe('l100 m100 place20')
    await store.write([remove('l'), remove('m'), remove('place')])
    expect(await keysOf(store)).toBe('')
  })

  it('retained messages are cleared, and no further ones are kept', async () => {
    const store = await open('a')
    const { retained } = store
    for (const key of ['a', 'b', 'c']) await retained.write([put(key, 100)], POSTED)
    await fill()
    const together = [remove('a'), put('d', 100), remove('b')].map((one) => retained.write([one], POSTED))
    const outcomes = await Promise.allSettled(together)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await expect(together[1]).rejects.toThrow(FULL)
    expect(await keysOf({ read: (...asked) => retained.read(...asked) })).toBe('c100')
    expect((await retained.changes('', 10))?.length).toBe(5)
  })

  it('a session that is known gets another home, and a new one none', async () => {
    const store = await open('a')
    expect(await store.swap('s/known', undefined, 'a:1')).toBe(undefined)
    await fill()
    expect(await store.swap('s/known', 'a:1', 'b:2')).toBe('a:1')
    expect(await store.swap('s/known', undefined, undefined)).toBe('b:2')
    await expect(store.swap('s/new', undefined, 'a:1')).rejects.toThrow(FULL)
    expect(await store.swap('s/known', 'b:2', undefined)).toBe('b:2')
  })
})
