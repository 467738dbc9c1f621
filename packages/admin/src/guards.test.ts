/** Who may ask, from where, and how much: each refusal in its words. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { createBroker } from '@mqtt-stack/broker'
import { isStackError } from '@mqtt-stack/core'
import { RecordingLogger } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { OPERATOR, openAdmin, READER } from '../../../test/rig/admin.ts'
import type { AdminOptions } from './index.ts'
import { Admin, ROUTES } from './index.ts'

/** Asks with header fields that fetch would not send. */
async function raw(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | undefined; readonly code: unknown; readonly detail: unknown }> {
  const asked = request(url, { headers: { authorization: `Bearer ${READER}`, ...headers } })
  asked.end()
  const [response] = await once(asked, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  const { code, detail } = JSON.parse(text)
  return { status: response.statusCode, code, detail }
}

describe('who may ask', () => {
  it('needs a token, for every route but the description', async () => {
    const { ask } = await openAdmin()
    for (const { method, path, role } of ROUTES) {
      const { status, body, headers } = await ask(path.replace(/\{\w+\}/g, 'x'), { method, token: undefined })
      if (role === undefined) assert.equal(status, 200)
      else {
        assert.equal(status, 401, `${method} ${path}`)
        assert.equal(body.detail, 'a token is needed: Authorization: Bearer TOKEN')
        assert.equal(headers.get('www-authenticate'), 'Bearer realm="mqtt-stack"')
      }
    }
  })

  it('refuses who may only read, for every route that changes something', async () => {
    const { ask } = await openAdmin()
    for (const { method, path, role } of ROUTES.filter((one) => one.role === 'operate')) {
      const { status, body } = await ask(path.replace(/\{\w+\}/g, 'x'), { method, token: READER })
      assert.equal(status, 403, `${method} ${path} ${role}`)
      assert.equal(body.detail, 'this token may read, and this needs one that may operate')
    }
    for (const { method, role } of ROUTES)
      if (method !== 'GET' && role !== 'operate') assert.equal(role, 'read')
  })

  it('has one line for who is refused, with where it comes from and why, and never a token', async () => {
    const { ask, logger } = await openAdmin()
    const wrong = 'not-the-token-of-anybody'
    await Promise.all([
      ask('/api/clients', { token: wrong }),
      ask('/api/clients', { token: undefined }),
      ask('/api/reload', { method: 'POST', token: READER }),
      ask('/api/clients', { headers: { 'sec-fetch-site': 'cross-site' } }),
    ])
    const event = 'admin.refused'
    const remote = expect.stringMatching(/^127\.0\.0\.1:\d+$/)
    const lines = logger.events(event).sort((a, b) => (String(a.cause) < String(b.cause) ? -1 : 1))
    expect(lines).toEqual([
      { event, remote, cause: 'a token is needed: Authorization: Bearer TOKEN' },
      { event, remote, cause: 'nobody here has that token' },
      { event, remote, cause: 'pages of other sites may not ask here' },
      { event, remote, cause: 'this token may read, and this needs one that may operate' },
    ])
    expect(JSON.stringify(logger.lines)).not.toMatch(new RegExp(`${wrong}|${READER}`))
  })

  it('fills no disk, however many are refused', async () => {
    const { ask, logger, broker } = await openAdmin({ connections: 10_000 })
    await Promise.all(Array.from({ length: 300 }, () => ask('/api/clients', { token: undefined })))
    const lines = logger.events('admin.refused').length
    expect(lines).toBeLessThan(200)
    broker.log.flush()
    const leftOut = logger.events('log.limited').filter(({ limited }) => limited === 'admin.refused')
    expect(leftOut.reduce((sum, { count }) => sum + Number(count), lines)).toBe(300)
  })

  it('has a wrong token wait, counts it, and refuses a crowd of them at once', async () => {
    const { ask, clock } = await openAdmin({}, {}, 'virtual')
    let answered = 0
    const asked = Array.from({ length: 20 }, async () => {
      const answer = await ask('/api/about', { token: 'wrong-and-long-enough' })
      answered++
      return answer
    })
    await expect.poll(() => answered).toBe(4)
    await clock?.advance(999)
    assert.equal((await ask('/api/about')).status, 200)
    assert.equal(answered, 4)
    await clock?.advance(1)
    const answers = await Promise.all(asked)
    const said = answers.map(({ status, body }) => `${status} ${body.detail}`).sort()
    expect(new Set(said)).toEqual(
      new Set(['401 nobody here has that token', '429 too many wrong tokens at a time: try again later']),
    )
    assert.equal(said.filter((one) => one.startsWith('429')).length, 4)
    const { body } = await ask('/api/about')
    assert.equal(body.refusedTokens, 20)
  })

  it('makes a token where there is none, and tells it once, as a link and past the log', async () => {
    const links: string[] = []
    const { logger, ask } = await openAdmin({ tokens: [], announce: (link) => void links.push(link) })
    const token = /^http:\/\/127\.0\.0\.1:\d+\/#token=([\w-]{32})$/.exec(links.join())?.[1]
    assert.equal((await ask('/api/about', { token })).body.role, 'operate')
    assert.ok(!JSON.stringify(logger.lines).includes(token ?? ''))
  })

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['[::]', '[::1]'],
  ])('makes a link that can be opened where it listens at %s', async (host, opened) => {
    const told: unknown[] = []
    const announce = (...said: unknown[]) => void told.push(...said)
    const { admin, ask } = await openAdmin({ listen: `${host}:0`, tokens: [], announce })
    const port = /\d+$/.exec(admin.urls[0] ?? '')?.[0]
    const [link, everywhere] = told as [string, boolean]
    assert.ok(link.startsWith(`http://${opened}:${port}/#token=`), link)
    assert.equal(everywhere, true)
    const token = link.slice(link.indexOf('=') + 1)
    assert.equal((await ask('/api/about', { token })).status, 200)
  })

  it.each<[AdminOptions, string]>([
    [
      { tokens: [{ token: 'short', role: 'read' }] },
      'Admin: option "tokens[0].token" must have at least 16 characters: openssl rand -hex 24 makes one',
    ],
    [
      { tokens: [{ token: 'with some spaces in it', role: 'read' }] },
      'Admin: option "tokens[0].token" must be of printable ASCII characters, without spaces',
    ],
    [
      { tokens: [{ token: 'long-enough-to-be-one', role: 'all' as 'read' }] },
      'Admin: option "tokens[0].role" must be one of read, operate',
    ],
    [{ listen: 'here' }, 'Admin: option "listen" must be [host:]port, such as 127.0.0.1:18080, not "here"'],
    [{ open: '70000' }, 'Admin: option "open" must be [host:]port, such as 127.0.0.1:18080, not "70000"'],
  ])('does not take %j', (options, message) => {
    assert.throws(() => new Admin(options), { message })
  })
})

describe('from where', () => {
  it.each([
    [
      { host: 'evil.example' },
      421,
      'unknown-host',
      'the host "evil.example" is not known here: name it in the option "hosts"',
    ],
    [{ origin: 'https://evil.example' }, 403, 'cross-site', 'pages of other sites may not ask here'],
    [{ origin: 'null' }, 403, 'cross-site', 'pages of other sites may not ask here'],
    [{ 'sec-fetch-site': 'cross-site' }, 403, 'cross-site', 'pages of other sites may not ask here'],
    [{ 'sec-fetch-site': 'same-site' }, 403, 'cross-site', 'pages of other sites may not ask here'],
  ])('refuses %j', async (headers, status, code, detail) => {
    const { url } = await openAdmin()
    expect(await raw(`${url}/api/about`, headers)).toEqual({ status, code, detail })
  })

  it('knows its names, its addresses and its own pages', async () => {
    const { url } = await openAdmin({ hosts: ['admin.example.com'] })
    const port = url.split(':').at(-1)
    for (const host of [
      'admin.example.com',
      `ADMIN.example.com:${port}`,
      'localhost',
      '[::1]:1',
      '192.0.2.1',
    ])
      expect((await raw(`${url}/api/about`, { host })).status).toBe(200)
    const own = { origin: url, 'sec-fetch-site': 'same-origin' }
    expect((await raw(`${url}/api/about`, own)).status).toBe(200)
    expect((await raw(`${url}/api/about`, { 'sec-fetch-site': 'none' })).status).toBe(200)
  })

  it('says what pages may do, with refusals too, and sets no cookie', async () => {
    const { ask } = await openAdmin()
    for (const path of ['/api/about', '/nothing', '/openapi.json']) {
      const { headers } = await ask(path)
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'$/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('set-cookie')).toBeNull()
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})

describe('how much', () => {
  it.each<[string, object, number, string, string]>([
    [
      '/api/publish',
      { method: 'POST', body: `{"topic":"${'x'.repeat(2_000)}"}` },
      413,
      'too-large',
      'the body is larger than 1024 bytes',
    ],
    ['/api/publish', { method: 'POST', body: '{"topic"' }, 400, 'bad-request', 'the body is not JSON'],
    ['/api/publish', { method: 'POST', body: '[]' }, 400, 'bad-request', 'the body must be an object'],
    [
      '/api/publish',
      { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } },
      415,
      'wrong-type',
      'the body must be JSON: content-type: application/json',
    ],
    ['/api/publish', { method: 'POST', body: {} }, 400, 'bad-request', 'body: "topic" is missing: Topic.'],
    [
      '/api/publish',
      { method: 'POST', body: { topic: 'a', qos: 3 } },
      400,
      'bad-request',
      'body: "qos" must be one of 0, 1, 2, not 3',
    ],
    [
      '/api/publish',
      { method: 'POST', body: { topic: 'a/#' } },
      400,
      'bad-request',
      'not a topic name, or too large: "a/#"',
    ],
    ['/api/clients?limt=1', {}, 400, 'bad-request', 'query: there is no "limt" (did you mean "limit"?)'],
    [
      '/api/clients?limit=0',
      {},
      400,
      'bad-request',
      'query: "limit" must be a whole number from 1 to 1000, not 0',
    ],
    ['/api/clients?limit=1&limit=2', {}, 400, 'bad-request', 'query: "limit" is said twice'],
    [
      '/api/clients?cursor=zzz',
      {},
      400,
      'bad-request',
      'query: "cursor" is not one of this list: give "next" of the page before',
    ],
    ['/api/clients/nobody', {}, 404, 'not-found', 'no client "nobody" is connected here'],
    ['/api/sessions/nobody', {}, 404, 'not-found', 'there is no session of "nobody" here'],
    [
      '/api/nothing',
      {},
      404,
      'not-found',
      'there is nothing at /api/nothing: /openapi.json says what there is',
    ],
    ['/api/publish', {}, 405, 'wrong-method', '/api/publish takes POST'],
    ['/api/retained?filter=a/%23/b', {}, 400, 'bad-request', 'not a topic filter: "a/#/b"'],
    ['/api/retained/message?topic=a', {}, 404, 'not-found', '"a" has no retained message'],
    [
      '/api/bans',
      { method: 'POST', body: { seconds: 1 } },
      400,
      'bad-request',
      'body: one of "clientId", "identity" and "address" must be given, and no other',
    ],
    ['/api/bans/7', { method: 'DELETE' }, 404, 'not-found', 'there is no ban "7"'],
    [
      '/api/purge',
      { method: 'POST', body: {} },
      400,
      'bad-request',
      'body: one of "clientId", "filter" and "author" must be given',
    ],
    [
      '/api/users/PasswordAuth/x',
      { method: 'DELETE' },
      501,
      'not-available',
      'no middleware "PasswordAuth" is there that can write users',
    ],
    [
      '/api/listeners?url=mqtt://127.0.0.1:1',
      { method: 'DELETE' },
      404,
      'not-found',
      'there is no listener mqtt://127.0.0.1:1',
    ],
  ])('%s %j is refused with %i', async (path, asked, status, code, detail) => {
    const { ask } = await openAdmin({ bodyLimit: 1_024 })
    const answer = await ask(path, asked)
    expect([answer.status, answer.body.code, answer.body.detail]).toEqual([status, code, detail])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body.type).toBe(`urn:mqtt-stack:problem:${code}`)
  })

  it('says where nobody can do it, and where it takes too long', async () => {
    const { ask, admin } = await openAdmin({
      timeout: 100,
      operator: { reload: () => new Promise(() => {}) },
    })
    const answer = await ask('/api/listeners')
    expect([answer.status, answer.body.detail]).toEqual([
      501,
      'nobody here can do this: the option "operator" has no "listeners"',
    ])
    const late = await ask('/api/reload', { method: 'POST' })
    expect([late.status, late.body.code, late.body.detail]).toEqual([
      504,
      'took-too-long',
      'this took longer than 100 ms',
    ])
    void admin
  })

  it('tells nobody but the log what went wrong', async () => {
    const operator = { listeners: () => Promise.reject(new Error('a secret path')) as never }
    const { ask, logger } = await openAdmin({ operator })
    const { status, body } = await ask('/api/listeners')
    expect([status, body.detail]).toEqual([500, 'something went wrong here: the log says what'])
    expect(logger.errors).toEqual(['admin: a secret path'])
  })

  it('counts a trace among the live streams, and gives its place back once', async () => {
    const { ask, url } = await openAdmin({ streams: 2 })
    const headers = { authorization: `Bearer ${OPERATOR}` }
    const open = (path: string, signal?: AbortSignal): Promise<Response> =>
      fetch(`${url}${path}`, { headers, ...(signal && { signal }) })
    const abort = new AbortController()
    expect((await ask('/api/trace?topic=a/%23/b')).status).toBe(400)
    expect((await open('/api/trace?clientId=a', abort.signal)).status).toBe(200)
    expect((await open('/api/live')).status).toBe(200)
    for (const path of ['/api/trace?clientId=b', '/api/live', '/api/live/topics']) {
      const { status, body } = await ask(path)
      expect([status, body.detail]).toEqual([
        429,
        '2 live streams are open already: close one, or raise the option "streams"',
      ])
    }
    abort.abort()
    let again = await open('/api/trace?clientId=b')
    while (again.status !== 200) {
      await again.body?.cancel()
      again = await open('/api/trace?clientId=b')
    }
    expect((await ask('/api/live')).status).toBe(429)
  })

  it('has bounds of connections and of live streams, and gives the places back', async () => {
    const { url, ask } = await openAdmin({ streams: 1, connections: 3 })
    const headers = { authorization: `Bearer ${OPERATOR}` }
    const abort = new AbortController()
    const first = await fetch(`${url}/api/live`, { headers, signal: abort.signal })
    expect(first.status).toBe(200)
    const { status, body } = await ask('/api/live')
    expect([status, body.detail]).toEqual([
      429,
      '1 live streams are open already: close one, or raise the option "streams"',
    ])
    const sockets = [0, 1, 2, 3].map(() => connect(Number(url.split(':').at(-1)), '127.0.0.1'))
    onTestFinished(() => {
      for (const one of sockets) one.destroy()
    })
    await Promise.race(sockets.map((one) => once(one, 'close')))
    for (const one of sockets) one.destroy()
    abort.abort()
    for (let i = 0; i < 100; i++) {
      const again = await fetch(`${url}/api/live`, { headers }).catch(() => undefined)
      await again?.body?.cancel()
      if (again?.status === 200) return
      await new Promise(setImmediate)
    }
    throw new Error('the place was not given back')
  })

  it('names what it cannot listen on', async () => {
    const { url } = await openAdmin()
    const listen = url.replace('http://', '')
    const broker = createBroker({ admin: new Admin({ listen }), stack: { logger: new RecordingLogger() } })
    const error = await broker.start().catch((failure: unknown) => failure)
    assert.ok(isStackError(error) && error.code === 'LISTEN_FAILED')
    assert.equal(
      error.message,
      `Admin: option "listen": cannot listen on ${listen}: somebody else listens there already: choose another port`,
    )
    await broker.close()
  })
})
