/** The driver over a real Redis. */
import { Buffer } from 'node:buffer'
import type { OrderedStore } from '@mqtt-stack/core/backend'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { LONG_LEASE } from '../../../test/rig/redis/leases.ts'
import { redisOfFile } from '../../../test/rig/redis/redis-of-file.ts'
import type { RedisOptions } from './options.ts'
import { RedisStore } from './redis-store.ts'

const given = redisOfFile(({ port, host }) => new Redis(port, host), { appendfsync: 'no' })
const stores: RedisStore[] = []

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

async function open(node: string, options: RedisOptions = {}): Promise<RedisStore & { casts: string[] }> {
  const store = new RedisStore({ url: given.redis.url, node, lease: LONG_LEASE, ...options })
  const casts: string[] = []
  store.listen({ reach: () => {}, cast: (bytes) => casts.push(String(bytes)) })
  stores.push(store)
  await store.open()
  return Object.assign(store, { casts })
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const set = (key: string, value = key) => ({ key: bytes(key), value: bytes(value) })
const unset = (key: string) => ({ key: bytes(key), value: undefined })
const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }
async function keysOf(store: Pick<OrderedStore, 'read'>, range = ALL, limit = 1_000): Promise<string[]> {
  return (await store.read(range, limit)).map(({ key }) => Buffer.from(key).toString('latin1'))
}

/** Until its lease has ended, as Redis has it. */
async function leaseEnded(node: string): Promise<void> {
  await given.raw.pexpire(`mqtt-stack:{node:${node}}:lease`, 0)
}

describe('The part of a node', () => {
  it('is read a MiB of values at a time, so that nobody waits for a Redis that reads more', async () => {
    const store = await open('a')
    const value = Buffer.alloc(400_000, 'x')
    for (const key of ['a', 'b', 'c', 'd']) await store.write([{ key: bytes(key), value }])
    expect(await keysOf(store)).toEqual(['a', 'b', 'c'])
    expect(await keysOf(store, { ...ALL, from: Buffer.from('c\0') })).toEqual(['d'])
    await store.write(['a', 'b', 'c', 'd'].map(unset))
  })

  it('has bytes in their order, whatever they are', async () => {
    const a = await open('a')
    const keys = ['\xff', '\x00', 'b', 'a\x00', 'a', '\x80[', '(x', '+', '-']
    await a.write(keys.map((key) => set(key, `\x00${key}\r\n`)))
    const sorted = [...keys].sort((one, other) => Buffer.compare(bytes(one), bytes(other)))
    expect(await keysOf(a)).toEqual(sorted)
    expect((await a.read({ from: bytes('a'), to: bytes('b') }, 1)).map(({ value }) => value)).toEqual([
      bytes('\x00a\r\n'),
    ])
  })

  it('makes changes in their order: the last one of a key counts', async () => {
    const a = await open('a')
    await a.write([set('k', '1'), unset('k'), set('k', '2'), set('l'), unset('l'), unset('never')])
    expect((await a.read(ALL, 10)).map(({ value }) => String(value))).toEqual(['2'])
    await a.write([unset('k')])
    expect(await given.raw.keys('*order*')).toEqual([])
  })

  it('takes a batch of many thousand changes', async () => {
    // It takes its time on a busy machine.
    const a = await open('a', { patience: LONG_LEASE })
    const many = Array.from({ length: 30_000 }, (_, i) => set(`${i}`.padStart(8, '0')))
    await a.write(many)
    expect(await given.raw.zcard('mqtt-stack:{node:a}:order')).toBe(30_000)
    await a.write(many.map(({ key }) => ({ key, value: undefined })))
    expect(await given.raw.exists('mqtt-stack:{node:a}:order', 'mqtt-stack:{node:a}:values')).toBe(0)
  })

  it('is written by nobody who has lost it', async () => {
    const [a, b] = [await open('a'), await open('b')]
    await leaseEnded('a')
    const part = (await b.claim('a'))!
    for (const lost of [a.write([set('k')]), a.renew(), a.trim('000000000000001-000000000001')])
      await expect(lost).rejects.toMatchObject({
        code: 'LEASE_LOST',
        message: expect.stringContaining('node a has lost its part'),
      })
    await part.write([set('k')])
    expect(await keysOf(a)).toEqual(['k'])
  })

  it('is not as it was left: LEASE_LOST', async () => {
    const a = await open('a')
    await a.write([set('k')])
    await given.raw.hset('mqtt-stack:{node:a}:meta', 'batch', 0)
    await expect(a.write([set('l')])).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })
})

describe('An inbox', () => {
  it('gives what was sent in order, behind a position, until it is trimmed', async () => {
    const [a, b] = [await open('a'), await open('b')]
    for (const text of ['one', 'two', 'three']) expect(await a.send('b', bytes(text))).toBe(true)
    const posted = await b.receive('', 2)
    expect(posted.map((entry) => String(entry.bytes))).toEqual(['one', 'two'])
    expect((await b.receive(posted[1].position, 9)).map((entry) => String(entry.bytes))).toEqual(['three'])
    await b.trim(posted[1].position)
    expect((await b.receive('', 9)).map((entry) => String(entry.bytes))).toEqual(['three'])
  })

  it('is waited for', async () => {
    const [a, b] = [await open('a'), await open('b')]
    const coming = b.receive('', 9)
    await a.send('b', bytes('late'))
    expect((await coming).map((entry) => String(entry.bytes))).toEqual(['late'])
    expect(await b.receive((await coming)[0].position, 9)).toEqual([])
  })

  it('of nobody takes nothing', async () => {
    const a = await open('a')
    expect(await a.send('nobody', bytes('x'))).toBe(false)
    expect(await given.raw.keys('*nobody*')).toEqual([])
  })
})

describe('What is cast', () => {
  it('comes in its order', async () => {
    const [a, b] = [await open('a'), await open('b')]
    for (let i = 0; i < 100; i++) a.cast('b', bytes(`${i}`))
    await expect.poll(() => b.casts.length).toBe(100)
    expect(b.casts).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
    a.cast('nobody', bytes('x'))
  })
})

describe('A node', () => {
  it('may not have the name of one that is alive', async () => {
    await open('a')
    await expect(open('a')).rejects.toMatchObject({
      code: 'NODE_TAKEN',
      message: expect.stringContaining('node a of the service is alive'),
    })
  })

  it('has what an earlier one of its name left', async () => {
    const a = await open('a')
    await a.write([set('k')])
    await a.close()
    const again = await open('a')
    expect(await keysOf(again)).toEqual(['k'])
    await again.write([set('l')])
  })

  it('is alive until its lease ends, and is claimed by one alone', async () => {
    const [a, b, c] = [await open('a'), await open('b'), await open('c')]
    await a.write([set('k')])
    await b.send('a', bytes('x'))
    expect(await b.claim('a')).toBeUndefined()
    await leaseEnded('a')
    expect(await c.nodes()).toEqual(
      expect.arrayContaining([
        { node: 'a', alive: false },
        { node: 'b', alive: true },
      ]),
    )
    const part = (await b.claim('a'))!
    expect(await c.claim('a')).toBeUndefined()
    expect(await b.claim('a')).toBe(part)
    await expect(open('a')).rejects.toMatchObject({
      code: 'NODE_TAKEN',
      message: expect.stringContaining('is being moved to b'),
    })
    expect(await keysOf(part)).toEqual(['k'])
    expect(await part.forget('')).toBe(false)
    const [{ position }] = await part.receive('', 9)
    expect(await part.forget(position)).toBe(true)
    expect(await part.forget(position)).toBe(true)
    expect(await b.send('a', bytes('x'))).toBe(false)
    expect((await c.nodes()).map(({ node }) => node).sort()).toEqual(['b', 'c'])
    expect(await given.raw.keys('*node:a*')).toEqual([])
  })

  it('keeps what it has claimed while it renews', async () => {
    const [, b, c] = [await open('a'), await open('b'), await open('c')]
    await leaseEnded('a')
    await b.claim('a')
    await given.raw.pexpire('mqtt-stack:{node:a}:lease', 100)
    await b.renew()
    expect(await given.raw.pttl('mqtt-stack:{node:a}:lease')).toBeGreaterThan(100)
    await leaseEnded('a')
    const part = await c.claim('a')
    await b.renew()
    await part!.write([set('k')])
  })

  it('of which nothing is left goes, and the last one leaves nothing at all', async () => {
    const [a, b] = [await open('a'), await open('b')]
    await a.write([set('k')])
    await a.swap('s/x', undefined, 'a/1')
    await a.retained.write([set('t')], bytes('fed'))
    await b.send('a', bytes('x'))
    await a.trim((await a.receive('', 9))[0].position)
    await a.write([unset('k')])
    await a.swap('s/x', 'a/1', undefined)
    await b.retained.write([unset('t')], bytes('fed'))
    await a.close()
    expect((await b.nodes()).map(({ node }) => node)).toEqual(['b'])
    await b.close()
    expect(await given.raw.keys('*')).toEqual([])
  })
})

describe('Names', () => {
  it('are set where they are as expected', async () => {
    const [a, b] = [await open('a'), await open('b')]
    expect(await a.swap('s/1', undefined, 'a/1')).toBeUndefined()
    expect(await b.swap('s/1', undefined, 'b/1')).toBe('a/1')
    expect(await b.swap('s/1', 'a/1', 'b/1')).toBe('a/1')
    expect(await a.swap('s/1', 'a/1', undefined)).toBe('b/1')
    expect(await a.swap('s/1', 'b/1', undefined)).toBe('b/1')
    expect(await given.raw.keys('*names*')).toEqual([])
  })

  it('are found by what their values begin with', async () => {
    const a = await open('a')
    for (let i = 0; i < 200; i++) await a.swap(`s/${i}`, undefined, `${i % 2 === 0 ? 'a' : 'ab'}/${i}`)
    const found = []
    for await (const { name, value } of a.names('a/')) found.push(`${name}=${value}`)
    expect(found.sort()).toEqual(Array.from({ length: 100 }, (_, i) => `s/${2 * i}=a/${2 * i}`).sort())
  })
})

describe('The map of retained messages', () => {
  it('has a feed of its changes, in one order', async () => {
    const [a, b] = [await open('a'), await open('b')]
    expect(await b.retained.position()).toBe('')
    const positions = await Promise.all(
      Array.from({ length: 600 }, (_, i) => a.retained.write([set(`${i % 10}`, `${i}`)], bytes(`${i}`))),
    )
    expect(positions).toEqual([...positions].sort())
    expect(await b.retained.position()).toBe(positions[599])
    const fed = [...((await b.retained.changes('', 1_000)) ?? [])]
    while (fed.length < 600)
      fed.push(...((await b.retained.changes(fed[fed.length - 1].position, 1_000)) ?? []))
    expect(fed.map((entry) => entry.position)).toEqual(positions)
    expect(String(fed[599].bytes)).toBe('599')
    expect((await b.retained.read(ALL, 99)).map(({ value }) => String(value))).toEqual(
      Array.from({ length: 10 }, (_, i) => `${590 + i}`),
    )
    expect(await b.retained.changes(positions[599], 10)).toEqual([])
  })

  it('says where entries behind a position are gone', async () => {
    const a = await open('a')
    const first = await a.retained.write([set('t')], bytes('1'))
    const second = await a.retained.write([set('t')], bytes('2'))
    await given.raw.hset('mqtt-stack:{retained}:meta', 'trimmed', '5-0')
    expect(await a.retained.changes('', 10)).toBeUndefined()
    expect(await a.retained.changes(first, 10)).toHaveLength(1)
    await given.raw.hset('mqtt-stack:{retained}:meta', 'last', '5-0')
    expect(await a.retained.changes(second, 10)).toBeUndefined()
  })

  it('bounds its feed by bytes', async () => {
    const a = await open('a')
    for (let i = 0; i < 80; i++) await a.retained.write([set('t')], Buffer.alloc(1_048_576))
    expect(await given.raw.xlen('mqtt-stack:{retained}:feed')).toBeLessThan(66)
    expect(await a.retained.changes('', 1)).toBeUndefined()
  })
})

it('The clock is that of Redis', async () => {
  const a = await open('a')
  const before = Date.now()
  const time = await a.time()
  expect(time).toBeGreaterThanOrEqual(before)
  expect(time).toBeLessThanOrEqual(Date.now())
})
