/** The driver over a real Redis Cluster. */
import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { describeSharedStore } from '@mqtt-stack/conformance/backend'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LONG_LEASE, leasesIn } from '../../../test/rig/redis/leases.ts'
import type { RedisCluster } from '../../../test/rig/redis/redis-cluster.ts'
import { replicated, startCluster } from '../../../test/rig/redis/redis-cluster.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { RedisStore } from './redis-store.ts'

const ALL = { from: Buffer.alloc(0), to: Buffer.alloc(481, 0xff) }
const set = (key: string) => ({ key: Buffer.from(key), value: Buffer.from(key) })

beforeEach((context) => needs(context, 'redis-server'))

describe('a Cluster of three masters', () => {
  let cluster: RedisCluster

  beforeAll(async () => {
    if (programPath('redis-server')) cluster = await startCluster()
  })

  afterAll(() => cluster?.stop())

  describeSharedStore({
    describe,
    it,
    create: () => {
      const prefix = `${randomUUID()}:`
      const leases = leasesIn(cluster.masters, prefix)
      return {
        open: (node) => new RedisStore({ cluster: [...cluster.addresses], prefix, node, lease: LONG_LEASE }),
        pass: leases.pass,
        remove: leases.close,
      }
    },
  })

  it('spreads nodes and names, and is empty when all is over', async () => {
    const prefix = `${randomUUID()}:`
    const stores = ['a', 'b', 'c', 'd', 'e', 'f'].map(
      (node) => new RedisStore({ cluster: [...cluster.addresses], prefix, node, lease: 60_000 }),
    )
    for (const store of stores) await store.open()
    for (let i = 0; i < 100; i++) await stores[0].swap(`s/${i}`, undefined, `a/${i}`)
    const names = []
    for await (const { name } of stores[1].names('a/')) names.push(name)
    expect(names).toHaveLength(100)
    const masters = await Promise.all(stores.map(({ node }) => cluster.masterOf(`{node:${node}}`)))
    expect(new Set(masters).size).toBeGreaterThan(1)
    for (const name of names) await stores[2].swap(name, name.replace('s/', 'a/'), undefined)
    for (const store of stores) await store.close()
    expect((await cluster.keys()).filter((key) => key.startsWith(prefix))).toEqual([])
  })
})

describe('a Cluster whose masters die', () => {
  let cluster: RedisCluster
  const stores: RedisStore[] = []

  beforeAll(async () => {
    if (programPath('redis-server')) cluster = await startCluster(true)
  })

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  afterAll(() => cluster?.stop())

  it('goes on with the replica, and nothing that was acknowledged and replicated is lost', async () => {
    const options = { cluster: [...cluster.addresses], lease: 20_000, patience: 20_000 }
    const a = new RedisStore({ ...options, node: 'a' })
    const b = new RedisStore({ ...options, node: 'b' })
    stores.push(a, b)
    const told: string[] = []
    a.listen({
      reach: (failure) => told.push(failure === undefined ? 'back' : 'away'),
      cast: (bytes) => told.push(String(bytes)),
    })
    for (const store of stores) await store.open()
    await a.write([set('1')])
    const own = await cluster.masterOf('{node:a}')
    await replicated(own)
    await own.kill()
    await a.write([set('2')])
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
  })
})
