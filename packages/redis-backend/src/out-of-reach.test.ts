/** A way to Redis that is cut, hangs or loses answers, through a proxy. */
import { Buffer } from 'node:buffer'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LONG_LEASE } from '../../../test/rig/redis/leases.ts'
import type { CutProxy } from '../../../test/rig/redis/proxy.ts'
import { startProxy } from '../../../test/rig/redis/proxy.ts'
import { redisOfFile } from '../../../test/rig/redis/redis-of-file.ts'
import type { RedisOptions } from './options.ts'
import { RedisStore } from './redis-store.ts'

const PART = 'mqtt-stack:{node:a}:'
const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }

const given = redisOfFile(({ port, host }) => {
  const raw = new Redis(port, host)
  raw.on('error', () => {})
  return raw
})
let proxy: CutProxy
let store: RedisStore
let told: string[]

beforeEach(async () => {
  proxy = await startProxy(given.redis.host, given.redis.port)
  await open()
})

afterEach(async () => {
  await store?.close()
  await proxy?.close()
})

async function open(options: RedisOptions = {}): Promise<void> {
  await store?.close()
  const url = `redis://${proxy.host}:${proxy.port}`
  store = new RedisStore({ url, node: 'a', lease: LONG_LEASE, ...options })
  told = []
  store.listen({
    reach: (failure) => told.push(failure?.message ?? 'back'),
    cast: (bytes) => told.push(String(bytes)),
  })
  await store.open()
}

/** With little patience, of which a busy machine may need more. */
function openImpatient(): Promise<void> {
  return again(() => open({ ...SHORT_LEASE, patience: 300 }))
}

/** Does what waits for Redis with too little patience until there was enough of it. */
async function again(act: () => Promise<void>): Promise<void> {
  for (let isDone = false; !isDone; )
    isDone = await act().then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => {
        expect(code).toMatch(/^STORE_(FAILED|UNUSABLE)$/)
        return false
      },
    )
}

/** A third of it Redis may be silent. */
const SHORT_LEASE = { lease: 3_000 }

const set = (key: string) => ({ key: Buffer.from(key), value: Buffer.from(key) })
/** As Redis has them. */
const keysThere = (): Promise<string[]> => given.raw.zrange(`${PART}order`, '0', '-1')
const keys = async (): Promise<string[]> => (await store.read(ALL, 99)).map(({ key }) => String(key))

it('a connection that is cut is made again, and what waited is done once', async () => {
  await store.write([set('1')])
  proxy.cut()
  const writing = store.write([set('2')])
  const sending = store.send('a', Buffer.from('x'))
  await expect.poll(() => told.length).toBe(1)
  expect(told[0]).toMatch(/^redis-backend: cannot use redis:\/\/127\.0\.0\.1:\d+: the connection was lost$/)
  proxy.heal()
  await writing
  expect(await sending).toBe(true)
  await expect.poll(() => told.slice(1)).toEqual(['back'])
  expect(await keys()).toEqual(['1', '2'])
  expect(await store.receive('', 9)).toHaveLength(1)
})

it('a write whose answer is lost is made once', async () => {
  await store.write([set('1')])
  proxy.mute()
  const writing = store.write([set('2')])
  await expect.poll(() => given.raw.hget(`${PART}meta`, 'batch')).toBe('2')
  proxy.heal()
  await writing
  expect(await given.raw.hget(`${PART}meta`, 'batch')).toBe('2')
  await store.write([set('3')])
  expect(await keys()).toEqual(['1', '2', '3'])
})

it('a retained message whose answer is lost is in the feed once, and a name that was set knows it', async () => {
  // Redis knows the scripts from now on.
  const first = await store.retained.write([set('t')], Buffer.from('fed'))
  await store.swap('s', undefined, undefined)
  proxy.mute()
  const writing = store.retained.write([set('t')], Buffer.from('fed'))
  const swapping = store.swap('s', undefined, 'a/1')
  await expect.poll(() => given.raw.xlen('mqtt-stack:{retained}:feed')).toBe(2)
  proxy.heal()
  const position = await writing
  expect(await swapping).toBeUndefined()
  expect((await store.retained.changes('', 9))?.map((entry) => entry.position)).toEqual([first, position])
})

it('a connection that is dead without a word is found out, and made again', async () => {
  await open(SHORT_LEASE)
  proxy.hang()
  const writing = store.write([set('1')])
  await expect.poll(() => told.length).toBeGreaterThan(0)
  expect(told[0]).toMatch(/: it does not answer$/)
  proxy.heal()
  await writing
  expect(await keys()).toEqual(['1'])
})

it('nothing waits for longer than patience', async () => {
  await openImpatient()
  proxy.cut()
  const asked: Promise<unknown>[] = [
    store.write([set('1')]),
    store.send('b', Buffer.from('x')),
    store.swap('s', undefined, 'a/1'),
    store.renew(),
    store.nodes(),
    store.claim('b'),
    store.time(),
    store.retained.write([set('t')], Buffer.from('fed')),
    store.retained.position(),
  ]
  for (const result of await Promise.allSettled(asked))
    expect(result).toMatchObject({
      reason: {
        code: 'STORE_FAILED',
        message: expect.stringMatching(
          /^redis-backend: cannot use redis:.*: (the connection was lost|it does not answer)$/,
        ),
      },
    })
  await expect(store.receive('', 9)).rejects.toMatchObject({ code: 'STORE_FAILED' })
})

it('a batch that failed and was made all the same has the next one behind it', async () => {
  await openImpatient()
  proxy.mute()
  await expect(store.write([set('1')])).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await expect.poll(() => given.raw.hget(`${PART}meta`, 'batch')).toBe('1')
  proxy.heal()
  await again(() => store.write([set('2')]))
  expect(await keysThere()).toEqual(['1', '2'])
})

it('a batch that failed and was not made is behind it', async () => {
  await openImpatient()
  proxy.cut()
  await expect(store.write([set('1')])).rejects.toMatchObject({ code: 'STORE_FAILED' })
  proxy.heal()
  await again(() => store.write([set('2')]))
  expect(await keysThere()).toEqual(['2'])
})

it('casts come again behind a connection that was cut or dead', async () => {
  await open(SHORT_LEASE)
  const arrives = (): Promise<void> =>
    expect
      .poll(() => {
        store.cast('a', Buffer.from('cast'))
        return told.includes('cast')
      })
      .toBe(true)
  await arrives()
  for (const harm of ['cut', 'hang'] as const) {
    proxy[harm]()
    await expect.poll(() => told.some((line) => line.startsWith('redis-backend'))).toBe(true)
    proxy.heal()
    await expect.poll(() => told.at(-1)).toBe('back')
    told.length = 0
    await arrives()
    told.length = 0
  }
})

it('a Redis that was killed and started again has all that was acknowledged', async () => {
  for (let i = 0; i < 20; i++) {
    const restarted = i % 5 === 0 ? given.redis.restart() : undefined
    await store.write([set(`${i}`.padStart(2, '0'))])
    await restarted
  }
  expect(await keys()).toHaveLength(20)
})

it('closes where Redis is out of reach, and does not wait for it as long as other things do', async () => {
  await open({ ...SHORT_LEASE, patience: LONG_LEASE })
  proxy.hang()
  await store.close()
})
