import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import type { OpenOptions, TestClient } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import type { Answer, WebService } from '../../../test/support/web-service.ts'
import { json, says, webService } from '../../../test/support/web-service.ts'
import type { HttpAuthOptions, Question } from './index.ts'
import { AUTHORIZE_REQUEST, HttpAuth } from './index.ts'
import { problemOf } from './json-schema.ts'

/** The service is asked over a socket. */
const patience = 10_000

/** Users are in groups by their names. */
const users: MiddlewareLike = {
  name: 'Users',
  authenticateConnection({ username }, store) {
    store.valid = true
    if (username === undefined) store.identity = null
    store.groups = username === 'alice' ? ['staff'] : []
  },
}

interface Setup extends Broker5 {
  readonly auth: HttpAuth
  device(username?: string, options?: OpenOptions): Promise<TestClient>
}

async function setup(
  { origin }: Pick<WebService, 'origin'>,
  options: HttpAuthOptions = {},
  ...others: MiddlewareLike[]
): Promise<Setup> {
  const auth = new HttpAuth({ authorize: `${origin}/allow`, ...options })
  const use = [auth, ...others, users].map((middleware) => ({ middleware, after: 'authentication' as const }))
  const rig = broker5({ use })
  await rig.broker.start()
  return {
    ...rig,
    auth,
    device: (username, more) => rig.client({ patience, username, ...more }),
  }
}

/** Allows what does not say `no`, and knows nothing of what says `what`. */
const byTopic: Answer = (response, asked) => {
  const results = asked.body.questions.map(({ topic }: Question) => {
    if (topic.includes('what')) return 'ignore'
    return topic.includes('no') ? 'deny' : 'allow'
  })
  json({ results })(response)
}

function publish(client: TestClient, topic: string, more: object = {}): Promise<unknown> {
  return client
    .publish(topic, 'x', { qos: 1, ...more })
    .then((ack) => (ack as { reasonCode?: number }).reasonCode)
}

describe('what a client may do', () => {
  test('is asked of the service', async () => {
    const service = await webService(byTopic)
    const { device } = await setup(service)
    const listener = { transport: 'tcp', local: false, remote: '10.0.0.7:4711', name: 'house' }
    const client = await device('alice', { listener, clientId: 'lamp' })
    expect(await publish(client, 'yes', { retain: true })).toBe(0x10)
    expect(await publish(client, 'no')).toBe(0x87)
    expect(service.asked[0].url).toBe('/allow')
    expect(service.asked[0].body).toEqual({
      clientId: 'lamp',
      protocolVersion: 5,
      transport: 'tcp',
      address: '10.0.0.7',
      listener: 'house',
      identity: 'alice',
      groups: ['staff'],
      questions: [{ action: 'publish', topic: 'yes', qos: 1, retain: true }],
    })
    for (const { body } of service.asked) expect(problemOf(body, AUTHORIZE_REQUEST)).toBeUndefined()
  })

  test('filter by filter, of a share as of what is shared, in one request', async () => {
    const service = await webService(byTopic)
    const { device } = await setup(service)
    const client = await device('alice')
    const { granted } = await client.subscribe(['yes', 'no/#', '$share/g/yes/#', '$share/g/no'], { qos: 1 })
    expect(granted).toEqual([1, 0x87, 1, 0x87])
    expect(service.asked.map(({ body }) => body.questions)).toEqual([
      ['yes', 'no/#', 'yes/#', 'no'].map((topic) => ({ action: 'subscribe', topic, qos: 1 })),
    ])
  })

  test('a hundred filters a request', async () => {
    const service = await webService(byTopic)
    const { device } = await setup(service)
    const client = await device('alice')
    const filters = Array.from({ length: 250 }, (_, i) => (i % 2 ? `yes/${i}` : `no/${i}`))
    const { granted } = await client.subscribe(filters)
    expect(granted).toEqual(filters.map((_, i) => (i % 2 ? 0 : 0x87)))
    expect(service.asked.map(({ body }) => body.questions.length)).toEqual([100, 100, 50])
  })

  test('a will', async () => {
    const service = await webService(byTopic)
    const { open } = await setup(service)
    const connect = (topic: string) =>
      open({ patience }).connect({ will: { topic, payload: Buffer.from('x'), qos: 2, retain: true } })
    expect(await connect('yes')).toMatchObject({ reasonCode: 0 })
    expect(await connect('no')).toMatchObject({ reasonCode: 0x87 })
    expect(service.asked[0].body).toMatchObject({
      groups: [],
      questions: [{ action: 'will', topic: 'yes', qos: 2, retain: true }],
    })
    expect(service.asked[0].body).not.toHaveProperty('identity')
  })

  test('is left to other rules where the service does not know', async () => {
    const rules: MiddlewareLike = {
      name: 'Rules',
      authorizePacket({ packet }, store) {
        store.valid = !(packet.cmd === 'publish' && packet.topic.includes('forbidden'))
      },
    }
    const { device } = await setup(await webService(byTopic), {}, rules)
    const client = await device()
    expect(await publish(client, 'what')).toBe(0x10)
    expect(await publish(client, 'what/forbidden')).toBe(0x87)
    expect(await publish(client, 'yes/forbidden')).toBe(0x87)
    expect(await publish(client, 'no')).toBe(0x87)
    expect((await client.subscribe(['what/1', 'what/2'])).granted).toEqual([0, 0])
    expect((await client.subscribe(['yes', 'what/3', 'no'])).granted).toEqual([0, 0x87, 0x87])
  })

  test('and is nothing where nobody knows', async () => {
    const { device } = await setup(await webService(byTopic))
    const client = await device()
    expect(await publish(client, 'what')).toBe(0x87)
    expect((await client.subscribe('what')).granted).toEqual([0x87])
  })
})

describe('answers are kept', () => {
  test('for a client, an action, a topic, QoS and retain flag, and found at once', async () => {
    const service = await webService(byTopic)
    const { device, auth, broker } = await setup(service)
    const client = await device('alice')
    await publish(client, 'yes')
    await publish(client, 'yes')
    expect(service.asked).toHaveLength(1)
    const [core] = broker.stack.clients
    const store = {}
    const packet = { cmd: 'publish', topic: 'yes', qos: 1, retain: false }
    const ctx = { client: core, packet, action: 'publish' } as unknown as Context<'authorizePacket'>
    const ignored = (): void => {}
    expect(auth.authorizePacket?.(ctx, store, ignored, ignored)).toBeUndefined()
    expect(store).toEqual({ valid: true, reason: 'the service says yes' })
    await publish(client, 'yes', { retain: true })
    await client.publish('yes', 'x', { qos: 2 })
    await client.subscribe('yes')
    await publish(client, 'yes/2')
    await publish(await device('bob'), 'yes')
    expect(service.asked).toHaveLength(6)
    await client.subscribe(['yes', 'yes/3'])
    expect(service.asked.at(-1)?.body.questions).toEqual([{ action: 'subscribe', topic: 'yes/3', qos: 0 }])
    expect((await client.subscribe(['yes/3', 'yes'])).granted).toEqual([0, 0])
    expect(service.asked).toHaveLength(7)
  })

  test('as long as the options and the service say', async () => {
    const service = await webService(byTopic)
    const { device, seconds } = await setup(service)
    const client = await device('alice')
    await publish(client, 'yes')
    await publish(client, 'no')
    await seconds(10)
    expect(await publish(client, 'yes')).toBe(0x10)
    expect(service.asked).toHaveLength(2)
    await publish(client, 'no')
    expect(service.asked).toHaveLength(3)
    service.answer = json({ results: ['allow'], cacheSeconds: 0 })
    await seconds(50)
    await publish(client, 'yes')
    await publish(client, 'yes')
    expect(service.asked).toHaveLength(5)
  })

  test('no more than the options say, the oldest goes', async () => {
    const service = await webService(byTopic)
    const { device } = await setup(service, { cacheEntries: 2 })
    const client = await device('alice')
    for (const topic of ['1', '2', '3']) await publish(client, topic)
    await publish(client, '3')
    await publish(client, '2')
    expect(service.asked).toHaveLength(3)
    await publish(client, '1')
    expect(service.asked).toHaveLength(4)
  })

  test('until they are forgotten', async () => {
    const service = await webService(byTopic)
    const { device, auth } = await setup(service)
    const client = await device('alice')
    await publish(client, 'yes')
    auth.forget()
    await publish(client, 'yes')
    expect(service.asked).toHaveLength(2)
  })
})

test('what was asked before all was forgotten is not kept', async () => {
  let forget = (): void => {}
  const service = await webService((response) => {
    forget()
    json({ results: ['allow'] })(response)
  })
  const { device, auth } = await setup(service)
  const client = await device('alice')
  forget = () => auth.forget()
  await publish(client, 'yes')
  forget = () => {}
  service.answer = json({ results: ['deny'] })
  expect(await publish(client, 'yes')).toBe(0x87)
})

describe('a service that fails allows nothing', () => {
  test.each<[string, Answer, string]>([
    ['an error', says(500), 'does not answer: it answered 500'],
    [
      'too few answers',
      json({ results: [] }),
      'does not answer as it should: in its answer "results" must have 1 items, one for each question',
    ],
    [
      'too many',
      json({ results: ['allow', 'allow'] }),
      'does not answer as it should: in its answer "results" must have 1 items, one for each question',
    ],
    [
      'another answer',
      json({ results: ['yes'] }),
      'does not answer as it should: in its answer "results[0]" must be one of "allow", "deny", "ignore"',
    ],
    [
      'an answer to the other question',
      json({ result: 'allow' }),
      'does not answer as it should: in its answer "results" is missing',
    ],
  ])('%s', async (_what, answer, why) => {
    const service = await webService(answer)
    const { device, open, logger } = await setup(service)
    const client = await device('alice')
    expect(await publish(client, 'yes')).toBe(0x83)
    expect((await client.subscribe('yes')).granted).toEqual([0x83])
    const will = { topic: 'yes', payload: Buffer.from('x'), qos: 0, retain: false } as const
    expect(await open({ patience }).connect({ will })).toMatchObject({ reasonCode: 0x88 })
    expect(logger.errors).toEqual([`HttpAuth: ${service.origin}/allow ${why}`])
    await client.ping()
  })
})

describe('both questions', () => {
  test('have services of their own', async () => {
    const service = await webService((response, asked) =>
      (asked.url === '/who' ? json({ result: 'allow', groups: ['g'] }) : byTopic)(response, asked),
    )
    const auth = new HttpAuth({ authenticate: `${service.origin}/who`, authorize: `${service.origin}/what` })
    const { open } = broker5({ use: [{ middleware: auth, after: 'authentication' }] })
    const client = open({ patience })
    expect(await client.connect({ username: 'joe', password: 'x' })).toMatchObject({ reasonCode: 0 })
    expect(await publish(client, 'yes')).toBe(0x10)
    expect(service.asked[1].body).toMatchObject({ identity: 'joe', groups: ['g'] })
  })
})

describe('who only wants to know what would be answered', () => {
  test('is told, and nothing is kept', async () => {
    const service = await webService(byTopic)
    const { broker, device } = await setup(service)
    const ask = (publish: string) => broker.explain({ user: 'alice', publish })
    expect(await ask('yes')).toMatchObject({ allowed: true, reason: 'HttpAuth: the service says yes' })
    expect(await ask('no')).toMatchObject({ allowed: false, reason: 'HttpAuth: the service says no' })
    expect(await broker.explain({ user: 'alice', subscribe: 'no' })).toMatchObject({
      allowed: false,
      reason: 'HttpAuth: the service says no',
    })
    await ask('yes')
    expect(service.asked).toHaveLength(4)
    const client = await device('alice')
    await publish(client, 'yes')
    expect(service.asked).toHaveLength(5)
  })
})
