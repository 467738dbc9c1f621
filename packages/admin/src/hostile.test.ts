/** What somebody may try on whoever operates a broker: names, requests and values that no reader expects. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import type { MetricFamily, MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../../test/rig/admin.ts'
import { OPERATOR, openAdmin } from '../../../test/rig/admin.ts'

/** Asks for a path as it is written: fetch would take its steps first. */
async function raw(
  { url }: Opened,
  method: string,
  path: string,
  body?: string,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const { hostname: host, port } = new URL(url)
  const headers = { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json' }
  const asked = request({ host, port, path, method, headers })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, text }
}

const clientIdOf = ({ text }: { readonly text: string }): unknown => JSON.parse(text).clientId

describe('a live stream that nobody reads', () => {
  it('gives its place back where only the head was asked for', async () => {
    const opened = await openAdmin({ streams: 1 })
    for (const path of ['/api/live', '/api/live/topics', '/api/trace?clientId=a', '/api/live']) {
      const { status, text } = await raw(opened, 'HEAD', path)
      expect([path, status, text]).toEqual([path, 200, ''])
    }
  })

  it('gives its place back where it begins too late for who asked', async () => {
    let begin = (): void => {}
    const late = {
      name: 'Late',
      followTraffic: () =>
        new Promise<void>((resolve) => {
          begin = resolve
        }),
    }
    const { ask } = await openAdmin({ streams: 1, timeout: 100 }, { tracing: late })
    expect((await ask('/api/trace?clientId=a')).status).toBe(504)
    begin()
    let { status } = await ask('/api/live', { method: 'HEAD' })
    while (status === 429) ({ status } = await ask('/api/live', { method: 'HEAD' }))
    expect(status).toBe(200)
  })
})

describe('names that are steps of a path', () => {
  it.each(['.', '..', '~.', '~..', '~~..', '~', '~a', '...', 'a/..', '%2e%2e'])(
    'finds and kicks the client %s',
    async (clientId) => {
      const opened = await openAdmin()
      const client = await opened.client({ clientId, protocolVersion: 5 })
      const segment = /^~*\.{1,2}$/.test(clientId) ? `~${clientId}` : encodeURIComponent(clientId)
      expect(clientIdOf(await raw(opened, 'GET', `/api/clients/${segment}`))).toBe(clientId)
      expect(clientIdOf(await raw(opened, 'GET', `/api/sessions/${segment}`))).toBe(clientId)
      expect((await raw(opened, 'DELETE', `/api/clients/${segment}`)).status).toBe(204)
      expect((await client.next('disconnect')).reasonCode).toBe(0x98)
    },
  )
})

describe('values that are none', () => {
  it.each([
    [
      'DELETE',
      '/api/clients/a?reason=x%00y',
      undefined,
      'query: "reason" must be a text without U+0000 and halves of characters, not x\\u0000y',
    ],
    [
      'POST',
      '/api/publish',
      '{"topic":"a","contentType":"x\\ud800"}',
      'body: "contentType" must be a text without U+0000 and halves of characters, not x\\ud800',
    ],
    ['GET', '/api/clients?__proto__=1', undefined, 'query: there is no "__proto__" (known: '],
    ['GET', '/api/clients?__proto__=1&__proto__=2', undefined, 'query: "__proto__" is said twice'],
    [
      'POST',
      '/api/bans',
      '{"__proto__":{"clientId":"a"},"seconds":1}',
      'body: there is no "__proto__" (known: ',
    ],
    [
      'POST',
      '/api/bans',
      `{"seconds":1,"clientId":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      'body: "clientId" must be a text of 1 to 65535 characters, not a list',
    ],
    [
      'POST',
      '/api/bans',
      '{"seconds":1,"clientId":{"toString":1}}',
      'body: "clientId" must be a text of 1 to 65535 characters, not an object',
    ],
    [
      'POST',
      '/api/bans',
      '{"seconds":1,"address":"example.com"}',
      'body: "address" must be an address, such as 192.0.2.7, not example.com: nobody would be kept out',
    ],
  ])('%s %s %s is refused', async (method, path, body, detail) => {
    const opened = await openAdmin()
    const { status, text } = await raw(opened, method, path, body)
    expect([status, JSON.parse(text).detail]).toEqual([400, expect.stringContaining(detail)])
    expect(opened.logger.errors).toEqual([])
  })

  it.each(['192.0.2.7', '192.0.2.7:41234', '[2001:db8::7]:41234', '2001:db8::7', 'fe80::1%eth0'])(
    'takes the address %s',
    async (address) => {
      const { ask } = await openAdmin()
      expect((await ask('/api/bans', { method: 'POST', body: { address, seconds: 1 } })).status).toBe(200)
    },
  )

  it('publishes a payload that is no text', async () => {
    const opened = await openAdmin()
    const reader = await opened.client({ clientId: 'a' })
    await reader.subscribe('t')
    expect((await raw(opened, 'POST', '/api/publish', '{"topic":"t","payload":"a\\u0000b"}')).status).toBe(
      200,
    )
    expect((await reader.next('publish')).payload.toString()).toBe('a\0b')
  })
})

describe('payloads by the thousand', () => {
  it('come in pages that end behind 4 MiB of them', async () => {
    const { ask, client } = await openAdmin()
    const properties = { sessionExpiryInterval: 600 }
    const reader = await client({ clientId: 'away', protocolVersion: 5, connect: { properties } })
    await reader.subscribe('t/#', { qos: 1 })
    await reader.drop()
    const payload = 'x'.repeat(100_000)
    for (let i = 0; i < 80; i++)
      await ask('/api/publish', { method: 'POST', body: { topic: `t/${i}`, payload, qos: 1, retain: true } })
    for (const path of ['/api/retained?', '/api/sessions/away/queue?']) {
      const topics = new Set<string>()
      const sizes: number[] = []
      let cursor = ''
      do {
        const { body } = await ask(`${path}limit=1000&payload=text${cursor}`)
        for (const { topic } of body.items) topics.add(topic)
        sizes.push(body.items.length)
        cursor = body.next === undefined ? '' : `&cursor=${body.next}`
      } while (cursor !== '')
      expect([path, sizes, topics.size]).toEqual([path, [64, 16], 80])
      expect((await ask(`${path}limit=1000`)).body.items).toHaveLength(80)
    }
  })
})

describe('metrics of other people', () => {
  it('that are none are left out, told once, and take nothing else along', async () => {
    const sample = { labels: {}, value: 1 }
    const wrong = [
      { name: 'a b', type: 'gauge', help: 'h', samples: [sample] },
      { name: 'no_type', type: 'x', help: 'h', samples: [sample] },
      { name: 'no_help', type: 'gauge', samples: [sample] },
      { name: 'no_labels', type: 'gauge', help: 'h', samples: [{ value: 1 }] },
      { name: 'no_value', type: 'gauge', help: 'h', samples: [{ labels: {}, value: '1' }] },
      { name: 'no_text', type: 'gauge', help: 'h', samples: [{ labels: { x: 1 }, value: 1 }] },
      { name: 'no_label', type: 'gauge', help: 'h', samples: [{ labels: { 'x"} 1 #': 'y' }, value: 1 }] },
      { name: 'no_bucket', type: 'histogram', help: 'h', samples: [{ ...sample, buckets: [1] }] },
      { type: 'gauge' },
    ]
    const right = {
      name: 'fine',
      type: 'gauge',
      help: 'one\ntwo',
      samples: [{ labels: { x: 'a"\n' }, value: 1 }],
    }
    const strange = {
      name: 'Strange',
      lookupMetrics: (_: object, store: unknown[]) => void store.push(...wrong, right),
    }
    const failing = {
      name: 'Failing',
      lookupMetrics: () => {
        throw new Error('it broke')
      },
    }
    const { ask, logger } = await openAdmin({}, { use: [strange as never, failing] })
    for (let i = 0; i < 2; i++) {
      const { status, body } = await ask('/metrics')
      expect(status).toBe(200)
      expect(body).toContain('# HELP fine one\\ntwo\n# TYPE fine gauge\nfine{x="a\\"\\n"} 1\n')
      expect(body).not.toMatch(/no_|a b|undefined/)
    }
    const told = logger.events('metrics.left-out').map(({ metric }) => metric)
    expect(told).toEqual([...wrong.map(({ name }) => JSON.stringify(name) ?? 'nothing')])
  })

  it('that have the name of a built-in’s are left out, told once, and do not replace it', async () => {
    const mine = {
      name: 'Mine',
      lookupMetrics: (_: object, store: MetricFamily[]) => {
        store.push({
          name: 'mqtt_sessions',
          type: 'counter',
          help: 'Mine.',
          samples: [{ labels: {}, value: 7 }],
        })
        store.push({ name: 'mine_too', type: 'gauge', help: 'Mine.', samples: [{ labels: {}, value: 8 }] })
      },
    }
    const { ask, logger } = await openAdmin({}, { use: [mine] })
    for (let i = 0; i < 2; i++) {
      const { body } = await ask('/metrics')
      expect(body).toContain('# TYPE mqtt_sessions gauge\nmqtt_sessions 0\n')
      expect(body).toContain('mine_too 8\n')
      expect(body).not.toContain('mqtt_sessions 7')
      const all = (await ask('/api/metrics')).body as readonly MetricFamily[]
      expect(all.filter(({ name }) => name === 'mqtt_sessions').map(({ type }) => type)).toEqual(['gauge'])
    }
    expect(logger.events('metrics.left-out')).toMatchObject([
      {
        metric: '"mqtt_sessions"',
        cause: 'of Mine has the name of one that MemoryBackend counts: choose another name',
      },
    ])
  })
})

describe('a user name that is a token', () => {
  it('is shown to nobody who looks: it lets in whoever has it', async () => {
    const yes: MiddlewareLike = {
      name: 'Yes',
      authenticateConnection(_, store) {
        Object.assign(store, { valid: true, identity: 'ann' })
      },
    }
    const { ask, client } = await openAdmin({}, { use: [yes], authorize: false })
    const username = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl'
    await client({ clientId: 'lamp', connect: { username } })
    expect((await ask('/api/clients')).body.items[0].username).toBe('(a token)')
    expect((await ask('/api/clients/lamp')).body.username).toBe('(a token)')
    expect((await ask('/api/clients?search=eyJ')).body.items).toEqual([])
  })
})
