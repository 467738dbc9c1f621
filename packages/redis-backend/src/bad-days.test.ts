/** What is wrong with a Redis is one clear line, and nothing is changed. */
import { Buffer } from 'node:buffer'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { inVain, open, start, thrown } from '../../../test/rig/redis/passing.ts'
import { startProxy } from '../../../test/rig/redis/proxy.ts'
import { ask, until } from '../../../test/rig/redis/redis-cluster.ts'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { Authority } from '../../../test/support/authority.ts'
import { needs } from '../../../test/support/needs.ts'
import { openPort } from '../../../test/support/open-port.ts'

beforeEach((context) => needs(context, 'redis-server'))

function rawOf({ port, host }: RedisServer, password?: string): Redis {
  return new Redis({ port, host, password }).on('error', () => {})
}

const set = (key: string, size = 1) => ({ key: Buffer.from(key), value: Buffer.alloc(size, 1) })

describe('A Redis that cannot be used', () => {
  it('is not there', async () => {
    const { host, port, handOver } = await openPort()
    handOver()
    expect(await inVain(undefined, (patience) => open({ url: `redis://${host}:${port}`, ...patience }))).toBe(
      `STORE_UNUSABLE redis-backend: cannot use redis://${host}:${port}: nothing listens there: start Redis, or correct the address`,
    )
    expect(await inVain(undefined, (patience) => open({ url: 'redis://nowhere.invalid', ...patience }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use redis://nowhere.invalid:6379: there is no such host: correct the address',
    )
  })

  it('has a password, and users', async () => {
    const redis = await start({ requirepass: 'right' })
    const raw = rawOf(redis, 'right')
    await raw.acl('SETUSER', 'guest', 'on', '>guest', '~*', '+@connection')
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
    // What the README says is enough.
    const rights = [
      '~mqtt-stack:*',
      '&mqtt-stack:*',
      '+@all',
      '-@admin',
      '-@dangerous',
      '+info',
      '+config|get',
    ]
    await raw.acl('SETUSER', 'mqtt', 'on', '>mqtt', ...rights)
    raw.disconnect()
    const warnings: string[] = []
    const store = await open({ url: redis.url, username: 'mqtt', password: 'mqtt', node: 'a' }, (text) =>
      warnings.push(text),
    )
    await store.write([set('k')])
    await store.retained.write([set('t')], Buffer.from('fed'))
    expect(await store.send('a', Buffer.from('x'))).toBe(true)
    await store.renew()
    expect(await store.nodes()).toEqual([{ node: 'a', alive: true }])
    await store.leave((await store.receive('', 9))[0].position)
    expect(warnings).toEqual([])
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
    // A connection that nothing comes of is given up after a third of it.
    const soon = { lease: 1_000 }
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
      expect(
        await inVain(plain, (patience) => open({ url: plain.url, tls: true, caFile, ...soon, ...patience })),
      ).toBe(
        'STORE_UNUSABLE redis-backend: cannot use rediss://HOST: it closes each connection: see that it is up, and that it speaks TLS where the options say so, and only there',
      )
      expect(
        await inVain(redis, (patience) =>
          open({ url: redis.url.replace('rediss', 'redis'), ...soon, ...patience }),
        ),
      ).toBe(
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

  it('is older than 7', async () => {
    const redis = await start()
    // There is one version here: it says that it is another one.
    const older = (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString('latin1').replace(/redis_version:\d/, 'redis_version:6'), 'latin1')
    const proxy = await startProxy(redis.host, redis.port, older)
    try {
      const url = `redis://${proxy.host}:${proxy.port}`
      expect(await thrown(undefined, open({ url }))).toMatch(
        /^STORE_UNUSABLE redis-backend: cannot use redis:\/\/127\.0\.0\.1:\d+: it is Redis 6\.\d+\.\d+, and 7\.0 or later is needed$/,
      )
    } finally {
      await proxy.close()
    }
    expect(await ask(redis, 'KEYS', '*')).toEqual([])
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
    expect(await inVain(one, (patience) => open({ cluster: [`${one.host}:${one.port}`], ...patience }))).toBe(
      'STORE_UNUSABLE redis-backend: cannot use the Cluster of HOST: the Cluster is down: a part of it has no master',
    )
    const other = await start()
    expect(
      await inVain(other, (patience) => open({ cluster: [`${other.host}:${other.port}`], ...patience })),
    ).toBe(
      'STORE_UNUSABLE redis-backend: cannot use the Cluster of HOST: it is no Cluster: give its address as "url"',
    )
  })

  it('is a Sentinel that does not know the name', async () => {
    const redis = await start()
    expect(
      await inVain(redis, (patience) =>
        open({ sentinels: [`${redis.host}:${redis.port}`], name: 'x', ...patience }),
      ),
    ).toBe(
      'STORE_UNUSABLE redis-backend: cannot use "x" of the Sentinels HOST: no Sentinel of them answers, or none knows that name',
    )
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
    // The last one that was made, and not the one that failed.
    const last = { from: Buffer.from(`${made - 2}`.padStart(3, '0')), to: Buffer.from('x') }
    expect(await store.read(last, 1_000)).toHaveLength(1)
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
    const store = await open({ url: redis.url })
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

  it('replicas that must have what is written are waited for', async () => {
    const quick = { 'repl-diskless-sync-delay': 0 }
    const master = await start(quick)
    const replica = await start({ replicaof: `${master.host} ${master.port}`, ...quick })
    await until(async () => String(await ask(master, 'INFO', 'replication')).includes('state=online'))
    const store = await open({ url: master.url, replicas: 1 })
    await store.write([set('1')])
    expect(await ask(replica, 'EXISTS', `mqtt-stack:{node:${store.node}}:order`)).toBe(1)
    await store.retained.write([set('t')], Buffer.from('fed'))
    expect(await store.send(store.node, Buffer.from('x'))).toBe(true)
    await replica.kill()
    const impatient = await open({ url: master.url, replicas: 1, patience: 1_000 })
    expect(await thrown(master, impatient.write([set('2')]))).toBe(
      'STORE_FAILED redis-backend: cannot use redis://HOST: fewer of its replicas than "replicas" says have what was written',
    )
    const writing = store.write([set('2')])
    await replica.restart()
    await writing
    await store.write([set('3')])
  })

  it('a Redis that is loading its data is waited for', async () => {
    const slow = { 'enable-debug-command': 'yes', 'loading-process-events-interval-bytes': 1_024 }
    const redis = await start({ save: '', appendonly: 'no', rdbcompression: 'no', ...slow })
    await ask(redis, 'DEBUG', 'POPULATE', '10000', 'key', '1000')
    await ask(redis, 'SAVE')
    // Each key takes so many microseconds, and between two of them it answers: it loads until it is told to hurry.
    const starting = redis.restart({ 'key-load-delay': 20_000 })
    await expect
      .poll(() => inVain(redis, (patience) => open({ url: redis.url, ...patience })))
      .toBe('STORE_UNUSABLE redis-backend: cannot use redis://HOST: it is still loading its data')
    const waiting = open({ url: redis.url, node: 'c' })
    await ask(redis, 'CONFIG', 'SET', 'key-load-delay', '0')
    await starting
    await waiting
  })
})
