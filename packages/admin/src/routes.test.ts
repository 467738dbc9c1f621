/** Each route, through HTTP. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import { ask as askAt, OPERATOR, openAdmin, READER } from '../../../test/rig/admin.ts'
import { ROUTES } from './index.ts'

const stored = { clean: true, properties: { sessionExpiryInterval: 60 } } as const

describe('clients', () => {
  it('are listed, found, looked at and kicked', async () => {
    const { ask, client } = await openAdmin()
    const lamp = await client({ clientId: 'lamp/1', protocolVersion: 5 })
    await client({ clientId: 'lamp/2' })
    await client({ clientId: 'door' })
    await lamp.publish('a', 'x')
    const ids = async (query: string): Promise<string[]> => {
      const { body } = await ask(`/api/clients${query}`, { token: READER })
      return body.items.map(({ clientId }: { clientId: string }) => clientId)
    }
    expect(await ids('')).toEqual(['door', 'lamp/1', 'lamp/2'])
    expect(await ids('?prefix=lamp')).toEqual(['lamp/1', 'lamp/2'])
    expect(await ids('?search=AMP&protocolVersion=5')).toEqual(['lamp/1'])
    expect(await ids('?listener=house&sort=packetsIn&limit=1')).toEqual(['lamp/1'])
    expect(await ids('?identity=nobody')).toEqual([])
    const { body } = await ask('/api/clients?limit=2')
    expect(await ids(`?limit=2&cursor=${body.next}`)).toEqual(['lamp/2'])
    const one = (await ask('/api/clients/lamp%2F1')).body
    expect(one).toMatchObject({ clientId: 'lamp/1', listener: 'house', protocolVersion: 5, packetsIn: 2 })
    expect(one).toMatchObject({ inflight: 0, queued: 0, behind: false })
    const query = '?reason=out%20of%20order&reasonCode=137'
    expect((await ask(`/api/clients/lamp%2F1${query}`, { method: 'DELETE' })).status).toBe(204)
    const { reasonCode, properties } = await lamp.next('disconnect')
    expect([reasonCode, properties?.reasonString]).toEqual([137, 'out of order'])
  })

  it('are banned for a while, by identifier and by address, and let in behind it', async () => {
    const { ask, client, clock } = await openAdmin({}, {}, 'virtual')
    const lamp = await client({ clientId: 'lamp', protocolVersion: 5 })
    const made = await ask('/api/bans', {
      method: 'POST',
      body: { clientId: 'lamp', seconds: 60, reason: 'noise' },
    })
    expect(made.body).toMatchObject({ clientId: 'lamp', reason: 'noise' })
    expect((await lamp.next('disconnect')).reasonCode).toBe(0x98)
    const again = await client({ clientId: 'lamp', protocolVersion: 5 })
    expect((await again.received)[0]).toMatchObject({ cmd: 'connack', reasonCode: 0x8a })
    expect((await ask('/api/bans')).body).toHaveLength(1)
    await clock?.advance(60_000)
    expect((await ask('/api/bans')).body).toEqual([])
    const back = await client({ clientId: 'lamp', protocolVersion: 5 })
    expect(back.received[0]).toMatchObject({ cmd: 'connack', reasonCode: 0 })
    const { body } = await ask('/api/bans', { method: 'POST', body: { address: '192.0.2.7', seconds: 60 } })
    expect((await ask(`/api/bans/${body.id}`, { method: 'DELETE' })).status).toBe(204)
  })
})

describe('sessions', () => {
  it('are listed, looked into, changed and ended', async () => {
    const { ask, client, broker } = await openAdmin()
    const lamp = await client({ clientId: 'lamp', protocolVersion: 5, connect: stored })
    await lamp.subscribe('room/#', { qos: 1 })
    await lamp.disconnect()
    await client({ clientId: 'here' })
    await broker.publish('room/1', 'hello', { qos: 1 })
    const { body } = await ask('/api/sessions?connected=false', { token: READER })
    expect(body.items).toMatchObject([{ clientId: 'lamp', connected: false, subscriptions: 1, messages: 1 }])
    expect((await ask('/api/sessions?prefix=h&search=ER')).body.items).toHaveLength(1)
    expect((await ask('/api/sessions/lamp')).body.expiresAt).toMatch(/^\d{4}-.*Z$/)
    expect((await ask('/api/sessions/lamp/subscriptions')).body).toEqual({
      items: [{ topic: 'room/#', qos: 1, noLocal: false, retainAsPublished: false }],
    })
    const queue = await ask('/api/sessions/lamp/queue?payload=text&limit=1')
    expect(queue.body.items).toMatchObject([{ topic: 'room/1', qos: 1, bytes: 5, payload: 'hello' }])
    const rest = await ask(`/api/sessions/lamp/queue?cursor=${queue.body.next}`)
    expect(rest.body.items).toEqual([])
    const purged = await ask('/api/purge', { method: 'POST', body: { clientId: 'lamp' } })
    expect(purged.body).toEqual({ waiting: 1, retained: 0, wills: 0 })
    const path = '/api/sessions/lamp/subscriptions?filter=room/%23'
    expect((await ask(path, { method: 'DELETE' })).status).toBe(204)
    expect((await ask(path, { method: 'DELETE' })).status).toBe(404)
    expect((await ask('/api/sessions/lamp', { method: 'DELETE' })).status).toBe(204)
    expect((await ask('/api/sessions/lamp', { method: 'DELETE' })).status).toBe(404)
  })
})

describe('messages', () => {
  it('are published, retained, listed in pages, read and cleared', async () => {
    const { ask, client } = await openAdmin()
    const lamp = await client({ clientId: 'lamp' })
    await lamp.subscribe('#', { qos: 1 })
    for (const topic of ['a/1', 'a/2', 'b']) {
      const body = {
        topic,
        payload: 'aGk=',
        encoding: 'base64',
        qos: 1,
        retain: true,
        contentType: 'text/plain',
      }
      expect((await ask('/api/publish', { method: 'POST', body })).body).toEqual({
        matched: 1,
        queued: 0,
        dropped: 0,
      })
    }
    expect(await lamp.message()).toMatchObject({ topic: 'a/1', payload: 'hi', qos: 1 })
    const first = await ask('/api/retained?limit=2&filter=%23')
    expect(first.body.items.map(({ topic }: { topic: string }) => topic)).toEqual(['a/1', 'a/2'])
    const second = await ask(`/api/retained?limit=2&cursor=${first.body.next}`)
    expect(second.body).toEqual({
      items: [{ topic: 'b', qos: 1, bytes: 2, publisher: '', contentType: 'text/plain' }],
    })
    expect((await ask('/api/retained/message?topic=b')).body.payload).toBe('hi')
    expect((await ask('/api/retained/message?topic=b&payload=base64')).body.payload).toBe('aGk=')
    expect((await ask('/api/retained/message?topic=b', { method: 'DELETE' })).status).toBe(204)
    expect((await ask('/api/retained?filter=b')).body.items).toEqual([])
  })

  it('are refused where a middleware refuses them', async () => {
    const veto: MiddlewareLike = { name: 'Veto', relayMessage: (_ctx, _store, _next, done) => done() }
    const { ask } = await openAdmin({}, { use: [veto] })
    const { status, body } = await ask('/api/publish', { method: 'POST', body: { topic: 'a' } })
    expect([status, body.detail]).toEqual([422, 'a middleware refuses messages to "a"'])
  })
})

describe('the broker', () => {
  it('says what it is, how it is, and what it is made of, without secrets', async () => {
    const secretive = {
      name: 'Secretive',
      start() {},
      config: { password: 'hush', apiKeyFile: '/a', size: 1 },
    }
    const { ask } = await openAdmin({}, { use: [secretive] })
    expect((await ask('/api/about', { token: READER })).body).toMatchObject({ role: 'read', clients: 0 })
    expect((await ask('/healthz')).body).toEqual({ healthy: true })
    expect((await ask('/readyz')).body).toEqual({ healthy: true, parts: [] })
    expect((await ask('/api/nodes')).body).toEqual([])
    const { body } = await ask('/api/stack')
    const names = body.middlewares.map(({ name }: { name: string }) => name)
    expect(names.indexOf('Admin')).toBe(names.indexOf('Authentication') + 1)
    const found = body.middlewares.find(({ name }: { name: string }) => name === 'Secretive')
    expect(found.options).toEqual({ password: '(hidden)', apiKeyFile: '/a', size: 1 })
    expect(body.activity.length).toBeGreaterThan(0)
    const config = JSON.stringify((await ask('/api/config')).body)
    expect(config).not.toContain('hush')
    expect(config).not.toContain(OPERATOR)
  })

  it('is not ready while a part is not', async () => {
    const sick: MiddlewareLike = {
      name: 'Sick',
      lookupHealth: (_, store) => void store.push({ name: 'pump', healthy: false, reason: 'it is dry' }),
    }
    const { ask } = await openAdmin({}, { use: [sick] })
    const { status, body } = await ask('/readyz')
    expect([status, body]).toEqual([
      503,
      { healthy: false, parts: [{ name: 'pump', healthy: false, reason: 'it is dry' }] },
    ])
  })

  it('answers health and metrics without a token on a listener of their own, and nothing else', async () => {
    const counter: MiddlewareLike = {
      name: 'Counter',
      lookupMetrics: (_, store) =>
        void store.push(
          { name: 'a_total', type: 'counter', help: 'A.', samples: [{ labels: { of: 'x"y' }, value: 1 }] },
          {
            name: 'b_seconds',
            type: 'histogram',
            help: 'B.',
            samples: [{ labels: {}, value: 3, count: 2, buckets: [[1, 1]] }],
          },
        ),
    }
    const { ask, admin } = await openAdmin({ open: '0' }, { use: [counter] })
    const [, open = ''] = admin.urls
    const { body, headers } = await askAt(`${open}/metrics`, { token: undefined })
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(body).toContain('# HELP a_total A.\n# TYPE a_total counter\na_total{of="x\\"y"} 1\n')
    expect(body).toContain(
      'b_seconds_bucket{le="1"} 1\nb_seconds_bucket{le="+Inf"} 2\nb_seconds_sum 3\nb_seconds_count 2\n',
    )
    expect((await askAt(`${open}/readyz`, { token: undefined })).status).toBe(200)
    expect((await askAt(`${open}/healthz`, { token: undefined })).status).toBe(200)
    expect((await askAt(`${open}/api/clients`, { token: undefined })).status).toBe(404)
    expect((await ask('/api/metrics')).body).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'a_total' })]),
    )
  })

  it('opens listeners and closes them, with or without those who came by them', async () => {
    const { ask, broker } = await openAdmin()
    const options = { transport: 'tcp', port: 0, name: 'second' }
    const { body } = await ask('/api/listeners', { method: 'POST', body: { options } })
    expect(body).toMatchObject({ transport: 'tcp', name: 'second', local: true })
    expect((await ask('/api/listeners')).body).toEqual([body])
    const { body: other } = await ask('/api/listeners', {
      method: 'POST',
      body: { options: { listen: 'ws://127.0.0.1:0/mqtt' } },
    })
    expect(broker.addresses).toHaveLength(2)
    const closing = `/api/listeners?clients=close&url=${encodeURIComponent(other.url)}`
    expect((await ask(closing, { method: 'DELETE' })).body).toEqual({ closed: 0 })
    expect((await ask('/api/listeners')).body).toEqual([body])
    const wrong = await ask('/api/listeners', { method: 'POST', body: { options: { prt: 1 } } })
    expect(wrong.status).toBe(400)
  })

  it('explains, reloads, and tells its log what an operator did', async () => {
    const { ask, logger } = await openAdmin()
    const { body } = await ask('/api/explain', { method: 'POST', token: READER, body: { publish: 'a/b' } })
    expect(body.allowed).toBe(true)
    const wrong = await ask('/api/explain', { method: 'POST', body: {} })
    expect(wrong.status).toBe(400)
    expect((await ask('/api/reload', { method: 'POST' })).body).toEqual({
      applied: ['certificates'],
      kept: [],
    })
    const event = 'admin.acted'
    // What only looks, whatever its method, is nothing that was done.
    expect(logger.events(event)).toEqual([{ event, did: 'POST /api/reload', by: 'operator' }])
  })

  it('tells its log whom and what it was about, and neither payloads nor secrets', async () => {
    const { ask, logger } = await openAdmin()
    await ask('/api/bans', { method: 'POST', body: { clientId: 'noisy', seconds: 60 } })
    await ask('/api/publish', { method: 'POST', body: { topic: 'a/b', payload: 'hush', retain: true } })
    await ask('/api/log', { method: 'PUT', body: { level: 'error' } })
    await ask('/api/retained/message?topic=a%2Fb', { method: 'DELETE' })
    expect(logger.events('admin.acted').map(({ did, given }) => [did, given])).toEqual([
      ['POST /api/bans', 'clientId "noisy", seconds 60, reason "banned by an operator"'],
      ['POST /api/publish', 'topic "a/b", qos 0, retain true'],
    ])
    expect(JSON.stringify(logger.lines)).not.toContain('hush')
  })

  it('says of each deed what its log may tell: never a password, a payload, or options with keys', () => {
    const deeds = ROUTES.filter(({ method, role }) => role === 'operate' && method !== 'GET')
    const kept = new Set([
      'password',
      'payload',
      'encoding',
      'options',
      'version',
      'contentType',
      'expiryInterval',
    ])
    for (const { method, path, query, body = {}, told } of deeds) {
      const said = [...Object.keys(query), ...Object.keys(body)].filter((name) => !kept.has(name))
      expect([method, path, [...told].sort()]).toEqual([method, path, said.sort()])
    }
  })

  it('changes the level of its log', async () => {
    const { ask, logger } = await openAdmin()
    expect((await ask('/api/log')).body).toEqual({ level: 'info' })
    expect((await ask('/api/log', { method: 'PUT', body: { level: 'error' } })).status).toBe(204)
    expect([(await ask('/api/log')).body, logger.level]).toEqual([{ level: 'error' }, 'error'])
    const levels: string[] = ['info']
    const operator = {
      logLevel: () => levels.at(-1) ?? '',
      setLogLevel: (level: string) => levels.push(level) > 0,
    }
    const second = await openAdmin({ operator })
    expect((await second.ask('/api/log', { method: 'PUT', body: { level: 'debug' } })).status).toBe(204)
    expect((await second.ask('/api/log')).body).toEqual({ level: 'debug' })
  })

  it('describes all of its routes', async () => {
    const { ask } = await openAdmin()
    const { body } = await ask('/openapi.json', { token: undefined })
    expect(body.openapi).toBe('3.1.0')
    const described = Object.entries(body.paths).flatMap(([path, item]) =>
      Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(described.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort())
    const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>)
      .flatMap((item) => Object.values(item))
      .map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('users', () => {
  const list: MiddlewareLike = {
    name: 'List',
    lookupUsers({ after = '', limit }, store) {
      const all = ['ann', 'bob', 'eve'].filter((name) => name > after).slice(0, limit)
      store.push(...all.map((name) => ({ name, groups: ['staff'], provider: 'List' })))
    },
    storeUser({ provider, name }, store) {
      if (provider === 'List') Object.assign(store, { stored: true, existed: name === 'ann' })
    },
    removeUser({ provider, name }, store) {
      if (provider === 'List') Object.assign(store, { asked: true, existed: name === 'ann' })
    },
  }

  it('are listed in pages, changed and removed by who knows them', async () => {
    const { ask } = await openAdmin({}, { use: [list] })
    const { body } = await ask('/api/users?limit=2')
    expect(body.items).toEqual([
      { name: 'ann', groups: ['staff'], provider: 'List' },
      { name: 'bob', groups: ['staff'], provider: 'List' },
    ])
    expect((await ask(`/api/users?limit=2&cursor=${body.next}`)).body).toEqual({
      items: [{ name: 'eve', groups: ['staff'], provider: 'List' }],
    })
    const change = { method: 'PUT', body: { password: 'secret', groups: ['staff'] } }
    expect((await ask('/api/users/List/ann', change)).body).toEqual({ existed: true })
    expect((await ask('/api/users/Other/ann', change)).status).toBe(501)
    expect((await ask('/api/users/List/ann', { method: 'DELETE' })).status).toBe(204)
    const gone = await ask('/api/users/List/zoe', { method: 'DELETE' })
    expect([gone.status, gone.body.detail]).toEqual([404, 'List knows no user "zoe"'])
  })

  it('hold what they hold', async () => {
    const { ask, client } = await openAdmin()
    await client({ clientId: 'lamp' })
    const { body } = await ask('/api/holdings?by=connections&limit=5')
    expect(body.items).toMatchObject([{ address: 'local', connections: 1 }])
    expect(body.limits.bytes).toBeGreaterThan(0)
  })
})

describe('what is live', () => {
  it('comes as events: figures, and clients that come and go', async () => {
    const { url, client, broker } = await openAdmin()
    const headers = { authorization: `Bearer ${READER}` }
    const response = await fetch(`${url}/api/live`, { headers })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const lamp = await client({ clientId: 'lamp' })
    // What the broker says of itself is nobody's load.
    await broker.publish('$SYS/broker/uptime', '1')
    await lamp.publish('a', 'x', { qos: 1 })
    await lamp.disconnect()
    const kinds = new Set<string>()
    let [text, published] = ['', 0]
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(chunk)
      for (const [, kind = ''] of text.matchAll(/^event: (\w+)$/gm)) kinds.add(kind)
      published = Number(/"published":([1-9]\d*)/.exec(text)?.[1] ?? 0)
      if (kinds.size === 3 && published > 0) break
    }
    expect([...kinds].sort()).toEqual(['connected', 'disconnected', 'figures'])
    expect(published).toBe(1)
    // Nobody looks on any more: nothing is counted.
    await expect.poll(() => broker.stack.answers('messagePublished')).toBe(false)
  })
})
