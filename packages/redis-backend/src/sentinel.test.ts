/** The driver behind Sentinel, whose master dies. */
import { Buffer } from 'node:buffer'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { ask, replicated } from '../../../test/rig/redis/redis-cluster.ts'
import type { RedisSentinels } from '../../../test/rig/redis/redis-sentinels.ts'
import { startSentinels } from '../../../test/rig/redis/redis-sentinels.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { RedisStore } from './redis-store.ts'

const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }
const set = (key: string) => ({ key: Buffer.from(key), value: Buffer.from(key) })

let redis: RedisSentinels
const stores: RedisStore[] = []

beforeAll(async () => {
  if (programPath('redis-sentinel')) redis = await startSentinels()
})

beforeEach((context) => needs(context, 'redis-server', 'redis-sentinel'))

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})

afterAll(() => redis?.stop())

it('goes on with the new master, and knows the old one when it is back', async () => {
  const { addresses, name, master } = redis
  const options = { sentinels: [...addresses], name, lease: 20_000, patience: 20_000 }
  const [a, b] = ['a', 'b'].map((node) => new RedisStore({ ...options, node }))
  stores.push(a, b)
  const told: string[] = []
  a.listen({
    reach: (failure) => told.push(failure?.message ?? 'back'),
    cast: (bytes) => told.push(String(bytes)),
  })
  for (const store of stores) await store.open()
  await a.write([set('1')])
  await replicated(master)
  await master.kill()
  await a.write([set('2')])
  expect(told[0]).toMatch(/^redis-backend: cannot use "mymaster" of the Sentinels .*: /)
  expect(await b.send('a', Buffer.from('x'))).toBe(true)
  expect((await a.receive('', 9)).map(({ bytes }) => String(bytes))).toEqual(['x'])
  expect((await a.read(ALL, 9)).map(({ key }) => String(key))).toEqual(['1', '2'])
  await expect.poll(() => told.at(-1)).toBe('back')
  await expect
    .poll(() => {
      b.cast('a', Buffer.from('cast'))
      return told.includes('cast')
    })
    .toBe(true)
  await master.restart()
  await a.write([set('3')])
  expect(await a.read(ALL, 9)).toHaveLength(3)
})

it('tells of a master that has not taken over from the one before', async () => {
  const { addresses, name, master, replica, stop } = await startSentinels()
  try {
    const options = { sentinels: [...addresses], name, lease: 60_000, patience: 20_000, node: 'a' }
    const warnings: string[] = []
    const store = new RedisStore(options, (_store, lack) => warnings.push(lack))
    stores.push(store)
    await store.open()
    await store.write([set('1')])
    await replicated(master)
    await master.kill()
    await store.write([set('2')])
    const told = (): string[] => warnings.filter((text) => text.includes('taken over'))
    expect(told()).toEqual([])
    // The old master comes back as one, and the Sentinels believe it.
    await master.restart()
    for (const address of addresses) {
      const [host, port] = address.split(':')
      const sentinel = { host, port: Number(port) }
      await ask(sentinel, 'SENTINEL', 'REMOVE', name)
      await ask(sentinel, 'SENTINEL', 'MONITOR', name, master.host, `${master.port}`, '2')
    }
    await replica.kill()
    await expect
      .poll(told)
      .toEqual([
        `has the master ${master.host}:${master.port} now, which has not taken over from ${replica.host}:${replica.port}: what was acknowledged last may be lost (a master that died is to come back as a replica)`,
      ])
  } finally {
    for (const store of stores.splice(0)) await store.close()
    await stop()
  }
})

it('prints nothing of its own where all Sentinels go away, and Redis too', async () => {
  const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn')]
  const { addresses, name, stop } = await startSentinels()
  const options = { sentinels: [...addresses], name, lease: 60_000, patience: 2_000, node: 'a' }
  const store = new RedisStore(options)
  stores.push(store)
  await store.open()
  await store.write([set('1')])
  await stop()
  await expect(store.write([set('2')])).rejects.toMatchObject({ code: 'STORE_FAILED' })
  expect(printed.flatMap(({ mock }) => mock.calls)).toEqual([])
  for (const spy of printed) spy.mockRestore()
})
