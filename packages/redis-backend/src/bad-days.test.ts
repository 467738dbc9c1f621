/** What is wrong with a Redis is one clear line, and nothing is changed. */
import { Buffer } from 'node:buffer'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Stack } from '@mqtt-stack/core'
import { RecordingLogger } from '@mqtt-stack/testing'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startProxy } from '../../../test/rig/redis/proxy.ts'
import type { RedisServer, RedisSettings } from '../../../test/rig/redis/redis-server.ts'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { Authority } from '../../../test/support/authority.ts'
import { needs } from '../../../test/support/needs.ts'
import { openPort } from '../../../test/support/open-port.ts'
import type { RedisOptions } from './options.ts'
import { lacksOf, wrongWith } from './preflight.ts'
import { RedisBackend } from './redis-backend.ts'
import { RedisStore } from './redis-store.ts'
import { targetOf } from './target.ts'

const servers: RedisServer[] = []
const stores: RedisStore[] = []

beforeEach((context) => needs(context, 'redis-server'))

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  for (const server of servers.splice(0)) await server.stop()
})

async function start(settings: RedisSettings = {}): Promise<RedisServer> {
  const server = await startRedis(settings)
  servers.push(server)
  return server
}

async function open(options: RedisOptions, warn?: (text: string) => void): Promise<RedisStore> {
  const store = new RedisStore({ lease: 1_000, patience: 300, ...options }, warn)
  stores.push(store)
  await store.open()
  return store
}

function rawOf({ port, host }: RedisServer, password?: string): Redis {
  return new Redis({ port, host, password }).on('error', () => {})
}

/** What is thrown, without the address. */
async function thrown(server: RedisServer | undefined, opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(
    () => new Error('nothing was thrown'),
    (error: Error) => error as Error & { code?: string },
  )
  const text =
    server === undefined ? error.message : error.message.replace(`${server.host}:${server.port}`, 'HOST')
  return `${(error as { code?: string }).code} ${text}`
}

const set = (key: string, size = 1) => ({ key: Buffer.from(key), value: Buffer.alloc(size, 1) })

const WRONG_OPTIONS: readonly (readonly [object, string])[] = [
  [{}, 'OPTION_MISSING RedisBackend: one of "url", "sentinels" and "cluster" is needed'],
  [
    { url: 'redis://h', cluster: ['h:1'] },
    'OPTION_INVALID RedisBackend: only one of "url", "sentinels" and "cluster" may be given',
  ],
  ...['localhost:6379', 'http://localhost', 'redis://', 'redis://:secret@h:99999', 'redis://h/x'].map(
    (url) =>
      [
        { url },
        'OPTION_INVALID RedisBackend: option "url" is no address of a Redis: write redis://host:6379, or rediss://host:6379 for TLS',
      ] as const,
  ),
  ...[['h'], [], 'h:1', ['h:1', 7]].map(
    (cluster) =>
      [
        { cluster },
        'OPTION_INVALID RedisBackend: option "cluster" is a list of addresses, each as host:port',
      ] as const,
  ),
  [
    { url: 'redis://h', node: 'a b' },
    'OPTION_INVALID RedisBackend: option "node" has up to 64 letters, digits, ".", "_" and "-"',
  ],
  [
    { url: 'redis://h', prefix: '{x}' },
    'OPTION_INVALID RedisBackend: option "prefix" has up to 64 characters, without braces and spaces',
  ],
]

describe('Options', () => {
  it.each(WRONG_OPTIONS)('%j are refused at once', async (options, message) => {
    const make = async (): Promise<unknown> => new RedisBackend(options as RedisOptions)
    expect(await thrown(undefined, make())).toBe(message)
  })

  it('a file that cannot be read is named', async () => {
    expect(await thrown(undefined, open({ url: 'redis://h', passwordFile: '/nowhere/x' }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot read /nowhere/x (option "passwordFile"): ENOENT',
    )
  })

  it('a URL may have a user, a password, a database and an IPv6 address; errors have none of them', () => {
    const target = targetOf('x', { url: 'rediss://me:p%40ss@[::1]:6380/3' })
    expect(target).toMatchObject({
      addresses: [{ host: '::1', port: 6380 }],
      username: 'me',
      password: 'p@ss',
      db: 3,
      tls: {},
      label: 'rediss://::1:6380',
    })
  })
})

describe('A Redis that cannot be used', () => {
  it('is not there', async () => {
    const { host, port, handOver } = await openPort()
    handOver()
    expect(await thrown(undefined, open({ url: `redis://${host}:${port}` }))).toBe(
      `STORE_UNUSABLE redis-backend: cannot use redis://${host}:${port}: nothing listens there: start Redis, or correct the address`,
    )
    expect(await thrown(undefined, open({ url: 'redis://nowhere.invalid' }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use redis://nowhere.invalid:6379: there is no such host: correct the address',
    )
  })

  it('has a password, and users', async () => {
    const redis = await start({ requirepass: 'right' })
    const raw = rawOf(redis, 'right')
    await raw.acl('SETUSER', 'guest', 'on', '>guest', '~*', '+@connection')
    raw.disconnect()
    const cannot = 'STORE_UNUSABLE redis-backend: cannot use redis://HOST:'
    const wrong = `${cannot} it does not know this user and password: correct "username" and "password"`
    expect(await thrown(redis, open({ url: redis.url, password: 'wrong' }))).toBe(wrong)
    expect(await thrown(redis, open({ url: redis.url, username: 'nobody', password: 'right' }))).toBe(wrong)
    expect(await thrown(redis, open({ url: redis.url }))).toBe(
      `${cannot} it wants a password: give "password", and "username" where it has users (ACL)`,
    )
    expect(await thrown(redis, open({ url: redis.url, username: 'guest', password: 'guest' }))).toBe(
      `${cannot} its user may not do what is needed (ACL): allow it all commands, keys and channels with the prefix`,
    )
    const file = join(redis.directory, 'password')
    writeFileSync(file, 'right\r\n')
    await open({ url: redis.url, passwordFile: file })
  })

  it('speaks TLS, with a certificate of an authority of its own', async () => {
    const plain = await start()
    const authority = new Authority('of Redis')
    const { cert, key } = authority.issue({ san: [['dns', 'localhost']] })
    const file = (name: string, text: string): string => {
      const path = join(plain.directory, name)
      writeFileSync(path, text)
      return path
    }
    const caFile = file('ca.pem', authority.cert)
    const redis = await start({
      'tls-cert-file': file('cert.pem', cert),
      'tls-key-file': file('key.pem', key),
      'tls-ca-cert-file': caFile,
      'tls-auth-clients': 'no',
    })
    // The certificate is for this name.
    const proxy = await startProxy(redis.host, redis.port)
    const url = `rediss://localhost:${proxy.port}`
    try {
      const store = await open({ url, caFile })
      await store.write([set('k')])
      const cannot = `STORE_UNUSABLE redis-backend: cannot use ${url}:`
      expect(await thrown(undefined, open({ url }))).toBe(
        `${cannot} its certificate is signed by nobody that is trusted: give "caFile"`,
      )
      const other = file('other.pem', new Authority('another').cert)
      expect(await thrown(undefined, open({ url, caFile: other }))).toBe(
        `${cannot} its certificate is signed by nobody that is trusted: give "caFile"`,
      )
      expect(await thrown(redis, open({ url: redis.url, caFile }))).toBe(
        'STORE_UNUSABLE redis-backend: cannot use rediss://HOST: its certificate is for another name: correct the address',
      )
      expect(await thrown(plain, open({ url: plain.url, tls: true, caFile }))).toBe(
        'STORE_UNUSABLE redis-backend: cannot use rediss://HOST: it closes each connection: see that it is up, and that it speaks TLS where the options say so, and only there',
      )
      expect(await thrown(redis, open({ url: redis.url.replace('rediss', 'redis') }))).toBe(
        'STORE_UNUSABLE redis-backend: cannot use redis://HOST: it closes each connection: see that it is up, and that it speaks TLS where the options say so, and only there',
      )
    } finally {
      await proxy.close()
    }
  })

  it('would delete sessions', async () => {
    const redis = await start({ maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' })
    expect(await thrown(redis, open({ url: redis.url }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use redis://HOST: with maxmemory-policy allkeys-lru it would delete sessions: set it to noeviction',
    )
    const raw = rawOf(redis)
    expect(await raw.keys('*')).toEqual([])
    raw.disconnect()
  })

  it('is a replica', async () => {
    const master = await start()
    const replica = await start({ replicaof: `${master.host} ${master.port}` })
    expect(await thrown(replica, open({ url: replica.url }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use redis://HOST: it is a read-only replica: name the master, or its Sentinels',
    )
  })

  it('is a node of a Cluster, or is none', async () => {
    const one = await start({ 'cluster-enabled': 'yes' })
    expect(await thrown(one, open({ url: one.url }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use redis://HOST: it is a node of a Cluster: give the addresses of its nodes as "cluster"',
    )
    expect(await thrown(one, open({ cluster: [`${one.host}:${one.port}`] }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use the Cluster of HOST: the Cluster is down: a part of it has no master',
    )
    const other = await start()
    expect(await thrown(other, open({ cluster: [`${other.host}:${other.port}`] }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use the Cluster of HOST: it is no Cluster: give its address as "url"',
    )
  })

  it('is a Sentinel that does not know the name', async () => {
    const redis = await start()
    expect(await thrown(redis, open({ sentinels: [`${redis.host}:${redis.port}`], name: 'x' }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use "x" of the Sentinels HOST: no Sentinel of them answers, or none knows that name',
    )
  })

  it.each([
    [{ redis_version: '6.2.14' }, 'it is Redis 6.2.14, and 7.0 or later is needed'],
    [{ redis_version: '7.2.4', redis_mode: 'sentinel' }, 'it is a Sentinel: give its address as "sentinels"'],
    [{ redis_version: '8.0.0', maxmemory: '0', maxmemory_policy: 'allkeys-lru' }, undefined],
    [{ redis_version: '10.1.0' }, undefined],
  ])('says so: %j', (settings, message) => {
    const target = targetOf('x', { url: 'redis://h' })
    expect(wrongWith(new Map(Object.entries(settings)), target)).toBe(message)
  })

  it('has keys of another program or of a later version', async () => {
    const redis = await start()
    const raw = rawOf(redis)
    await raw.set('other:service', 'x')
    expect(await thrown(redis, open({ url: redis.url, prefix: 'other:' }))).toBe(
      'STORE_FORMAT redis-backend: other:service in redis://HOST is of another program: give "prefix" another value; nothing was changed',
    )
    await raw.hset('third:service', 'user', 'somebody')
    expect(await thrown(redis, open({ url: redis.url, prefix: 'third:' }))).toBe(
      'STORE_FORMAT redis-backend: third:service in redis://HOST is of another program: give "prefix" another value; nothing was changed',
    )
    await raw.hset('later:service', '#format', '2')
    expect(await thrown(redis, open({ url: redis.url, prefix: 'later:' }))).toBe(
      'STORE_FORMAT redis-backend: later:service in redis://HOST is of a later version (format 2): use that version, or give "prefix" another value; nothing was changed',
    )
    expect((await raw.keys('*')).sort()).toEqual(['later:service', 'other:service', 'third:service'])
    raw.disconnect()
  })

  it('has a node of this name', async () => {
    const redis = await start()
    await open({ url: redis.url, node: 'a' })
    expect(await thrown(redis, open({ url: redis.url, node: 'a' }))).toBe(
      'NODE_TAKEN node a of the service is alive: give each node a name of its own, or wait until the lease of the earlier one has ended',
    )
  })
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

describe('While it runs', () => {
  it('a memory that is full refuses what is new, and nothing of it is made', async () => {
    const redis = await start({ maxmemory: '8mb' })
    const store = await open({ url: redis.url })
    let failure = ''
    let made = 0
    for (; failure === '' && made < 200; made++)
      await store.write([set(`${made}`.padStart(3, '0'), 200_000)]).catch(async (error) => {
        failure = await thrown(redis, Promise.reject(error))
      })
    expect(failure).toBe(
      'STORE_FAILED redis-backend: cannot use redis://HOST: its memory is full (maxmemory): give it more, or let sessions end',
    )
    const all = { from: Buffer.alloc(0), to: Buffer.from('x') }
    expect(await store.read(all, 1_000)).toHaveLength(made - 1)
    await store.renew()
    // What goes makes room.
    await store.write(
      ['000', '001', '002', '003'].map((key) => ({ key: Buffer.from(key), value: undefined })),
    )
    await store.write([set('new')])
  })

  it('a Redis that has lost what was written is LEASE_LOST', async () => {
    const redis = await start()
    const store = await open({ url: redis.url })
    await store.write([set('k')])
    const raw = rawOf(redis)
    await raw.flushall()
    raw.disconnect()
    await expect(store.write([set('l')])).rejects.toMatchObject({ code: 'LEASE_LOST' })
    await expect(store.renew()).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })

  it('a master that has become a replica is waited for', async () => {
    const master = await start()
    const redis = await start()
    const store = await open({ url: redis.url, patience: 5_000 })
    const raw = rawOf(redis)
    await raw.replicaof(master.host, master.port)
    const told: string[] = []
    store.listen({ reach: (failure) => told.push(failure?.message ?? 'back'), cast: () => {} })
    const writing = store.write([set('k')])
    await expect.poll(() => told.length).toBe(1)
    expect(told[0]).toMatch(/: it is a read-only replica: name the master, or its Sentinels$/)
    await raw.replicaof('NO', 'ONE')
    raw.disconnect()
    // It has what the other one has: nothing.
    await writing.catch((error) => expect(error).toMatchObject({ code: 'LEASE_LOST' }))
  })
})
