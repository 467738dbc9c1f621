/** What an address asks of a Redis, and it has not. */
import { Buffer } from 'node:buffer'
import { beforeEach, expect, it, vi } from 'vitest'
import { open, start, thrown } from '../../../test/rig/redis/passing.ts'
import { ask } from '../../../test/rig/redis/redis-cluster.ts'
import { needs } from '../../../test/support/needs.ts'

beforeEach((context) => needs(context, 'redis-server'))

const set = (key: string) => ({ key: Buffer.from(key), value: Buffer.from(key) })

it('has no password, and one was given: it is used, and the process prints nothing of its own', async () => {
  const printed = vi.spyOn(console, 'warn')
  const redis = await start()
  const store = await open({ url: redis.url, password: 'needless' })
  await store.write([set('k')])
  expect(printed.mock.calls).toEqual([])
  printed.mockRestore()
})

it('has fewer databases than the number in the address', async () => {
  const redis = await start({ databases: 4 })
  await (await open({ url: `${redis.url}/3`, node: 'a' })).write([set('k')])
  expect(await ask(redis, 'KEYS', '*')).toEqual([])
  expect(await thrown(redis, open({ url: `${redis.url}/4` }))).toBe(
    'STORE_UNUSABLE redis-backend: cannot use redis://HOST: it has no database of this number: correct "url"',
  )
  expect(await ask(redis, 'KEYS', '*')).toEqual([])
})

it('a Redis that has fewer databases behind a restart keeps nothing in another one', async () => {
  const redis = await start({ databases: 4 })
  const store = await open({ url: `${redis.url}/3` })
  await store.write([set('k')])
  await redis.kill()
  await redis.restart({ databases: 2, appendonly: 'no' })
  expect(await thrown(redis, store.write([set('l')]))).toMatch(
    /^STORE_FAILED .*: it has no database of this number/,
  )
  expect(await ask(redis, 'KEYS', '*')).toEqual([])
})
