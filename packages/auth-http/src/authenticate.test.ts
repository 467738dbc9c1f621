import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ConnectOptions, OpenOptions, Received } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import type { WebService } from '../../../test/support/web-service.ts'
import { json, says, webService } from '../../../test/support/web-service.ts'
import { createCertificate } from '../../benchmark/src/brokers/certificate.ts'
import type { HttpAuthOptions } from './index.ts'
import { AUTHENTICATE_REQUEST, HttpAuth } from './index.ts'
import { problemOf } from './json-schema.ts'

/** The service is asked over a socket. */
const patience = 10_000

interface Setup extends Broker5 {
  readonly auth: HttpAuth
  /** What a CONNECT of joe is answered. */
  tries(options?: ConnectOptions & OpenOptions): Promise<Received<'connack'>>
}

async function setup(
  { origin }: Pick<WebService, 'origin'>,
  options: HttpAuthOptions = {},
  ...others: MiddlewareLike[]
): Promise<Setup> {
  const auth = new HttpAuth({ authenticate: `${origin}/connect?secret=1`, ...options })
  const use = [auth, ...others].map((middleware) => ({ middleware, after: 'authentication' as const }))
  const rig = broker5({ use, authorize: false })
  await rig.broker.start()
  return {
    ...rig,
    auth,
    tries: ({ listener, protocolVersion, ...options } = {}) =>
      rig
        .open({ patience, listener, ...(protocolVersion && { protocolVersion }) })
        .connect({ clientId: 'lamp', username: 'joe', password: 'secret', ...options }),
  }
}

function refusal({ reasonCode, properties }: Received<'connack'>): unknown[] {
  return [reasonCode, properties?.reasonString]
}

const allow = json({ result: 'allow' })
const deny = json({ result: 'deny' })
const DOWN = [0x88, 'the service that knows clients does not answer']

describe('who a client is', () => {
  test('is asked of the service, by POST with JSON', async () => {
    const service = await webService(allow)
    const { tries } = await setup(service, { token: 'T', headers: { 'x-broker': 'one' } })
    const listener = { transport: 'tls', local: false, remote: '[2001:db8::1]:4711', name: 'world' }
    expect(await tries({ listener })).toMatchObject({ reasonCode: 0 })
    const [{ method, url, headers, body }] = service.asked
    expect([method, url]).toEqual(['POST', '/connect?secret=1'])
    expect(headers).toMatchObject({
      authorization: 'Bearer T',
      'x-broker': 'one',
      'content-type': 'application/json',
      accept: 'application/json',
    })
    expect(body).toEqual({
      clientId: 'lamp',
      protocolVersion: 5,
      transport: 'tls',
      address: '2001:db8::1',
      listener: 'world',
      username: 'joe',
      password: 'secret',
    })
    expect(problemOf(body, AUTHENTICATE_REQUEST)).toBeUndefined()
  })

  test('a password that is no text goes as base64', async () => {
    const service = await webService(allow)
    const { broker, tries } = await setup(service)
    const bytes = Buffer.from([0xff, 0x00, 0x41])
    await tries({ password: bytes as unknown as string })
    expect(service.asked[0].body).toMatchObject({ passwordBase64: bytes.toString('base64') })
    expect(service.asked[0].body).not.toHaveProperty('password')
    expect([...broker.stack.clients]).toHaveLength(1)
  })

  test('nothing that a client says gets into the URL or the headers', async () => {
    const service = await webService(allow)
    const { tries } = await setup(service)
    const evil = 'a\r\nx-evil: 1\r\n\r\n/../?admin=1&b="}'
    await tries({ username: evil, password: evil, clientId: 'a/../b?c#d' })
    const [{ url, headers, body }] = service.asked
    expect(url).toBe('/connect?secret=1')
    expect(headers).not.toHaveProperty('x-evil')
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'connection',
      'content-length',
      'content-type',
      'host',
    ])
    expect(body).toMatchObject({ username: evil, password: evil, clientId: 'a/../b?c#d' })
  })

  test('it may have another name, and groups', async () => {
    const service = await webService(json({ result: 'allow', identity: 'Joe', groups: ['staff'] }))
    const { broker, tries } = await setup(service)
    await tries()
    const [{ session }] = broker.stack.clients
    expect([session.identity, session.groups]).toEqual(['Joe', ['staff']])
  })

  test('its user name is its identity otherwise', async () => {
    const { broker, tries } = await setup(await webService(allow))
    await tries()
    const [{ session }] = broker.stack.clients
    expect([session.identity, session.groups]).toEqual(['joe', []])
  })

  test('is refused as the service says', async () => {
    const service = await webService(deny)
    const { tries, auth } = await setup(service)
    expect(refusal(await tries())).toEqual([0x86, 'not authenticated'])
    service.answer = json({ result: 'deny', reasonCode: 0x8a, reason: 'banned until noon' })
    auth.forget()
    expect(refusal(await tries())).toEqual([0x8a, 'banned until noon'])
  })

  test('is left to others where the service does not know it, and where it says nothing of itself', async () => {
    const others: MiddlewareLike = {
      name: 'Others',
      authenticateConnection({ username }, store) {
        store.valid = username !== 'mallory'
      },
    }
    const service = await webService(json({ result: 'ignore' }))
    const { tries } = await setup(service, {}, others)
    expect(await tries()).toMatchObject({ reasonCode: 0 })
    expect(await tries({ username: 'mallory' })).toMatchObject({ reasonCode: 0x86 })
    const asked = service.asked.length
    const nobody = { clientId: 'nobody', username: undefined, password: undefined }
    expect(await tries(nobody)).toMatchObject({ reasonCode: 0 })
    expect(service.asked).toHaveLength(asked)
  })

  test('connections to the service are kept', async () => {
    const service = await webService(allow)
    const { tries } = await setup(service)
    for (const password of ['1', '2', '3']) await tries({ password })
    expect(service.asked.map(({ connection }) => connection)).toEqual([1, 1, 1])
  })
})

describe('answers are kept', () => {
  test('for as long as the options say', async () => {
    const service = await webService(allow)
    const { tries, seconds } = await setup(service)
    await tries()
    await tries()
    await seconds(59)
    await tries()
    expect(service.asked).toHaveLength(1)
    await seconds(1)
    await tries()
    expect(service.asked).toHaveLength(2)
  })

  test('refusals for less', async () => {
    const service = await webService(deny)
    const { tries, seconds } = await setup(service)
    await tries()
    await tries()
    await seconds(9)
    await tries()
    expect(service.asked).toHaveLength(1)
    service.answer = allow
    await seconds(1)
    expect(await tries()).toMatchObject({ reasonCode: 0 })
  })

  test('for less where the service says so, and not for more', async () => {
    const service = await webService(json({ result: 'allow', cacheSeconds: 2 }))
    const { tries, seconds } = await setup(service)
    await tries()
    await seconds(1)
    await tries()
    expect(service.asked).toHaveLength(1)
    await seconds(1)
    service.answer = json({ result: 'allow', cacheSeconds: 86_400 })
    await tries()
    expect(service.asked).toHaveLength(2)
    await seconds(60)
    await tries()
    expect(service.asked).toHaveLength(3)
  })

  test('for whoever says just the same alone', async () => {
    const service = await webService(allow)
    const { tries } = await setup(service)
    const at = (remote: string) => ({ listener: { transport: 'tcp', local: false, remote } })
    await tries(at('10.0.0.1:1'))
    await tries(at('10.0.0.1:2'))
    expect(service.asked).toHaveLength(1)
    await tries(at('10.0.0.2:1'))
    await tries({ password: 'Secret' })
    await tries({ username: 'Joe' })
    await tries({ clientId: 'Lamp' })
    expect(service.asked).toHaveLength(5)
  })

  test('many wrong passwords move nobody out who was let in', async () => {
    const service = await webService((response, { body }) =>
      (body.password === 'secret' ? allow : deny)(response, service.asked[0]),
    )
    const { tries } = await setup(service, { cacheEntries: 2 })
    await tries()
    for (const password of ['1', '2', '3']) await tries({ password })
    const asked = service.asked.length
    await tries()
    await tries({ password: '3' })
    expect(service.asked).toHaveLength(asked)
    await tries({ password: '1' })
    expect(service.asked).toHaveLength(asked + 1)
  })

  test('who asks the same meanwhile waits for the same answer', async () => {
    const service = await webService(allow)
    const { tries } = await setup(service, { cacheTime: 0 })
    await Promise.all([tries(), tries(), tries()])
    expect(service.asked).toHaveLength(1)
    await tries()
    expect(service.asked).toHaveLength(2)
  })
})

describe('a service that fails lets nobody in', () => {
  test.each<[string, Parameters<typeof webService>[0], string]>([
    ['no JSON', says(200, '<html>'), 'it answered what is no JSON'],
    ['another status', says(404), 'it answered 404'],
    ['a redirection', says(302), 'it answered 302'],
    ['a refusal of the broker', says(401), 'it answered 401'],
    ['too much', says(200, ' '.repeat(70_000)), 'it answered more than 65536 bytes'],
    ['what is no object', json('allow'), 'in its answer it must be an object'],
    ['null', json(null), 'in its answer it must be an object'],
    ['nothing of a result', json({}), 'in its answer "result" is missing'],
    [
      'another result',
      json({ result: true }),
      'in its answer "result" must be one of "allow", "deny", "ignore"',
    ],
    [
      'a member that we do not know',
      json({ result: 'allow', identiy: 'a' }),
      'in its answer "identiy" is not known (known: result, identity, groups, reasonCode, reason, cacheSeconds)',
    ],
    [
      'an identity that is none',
      json({ result: 'allow', identity: '' }),
      'in its answer "identity" must have at least 1 characters',
    ],
    [
      'an identity with a line end',
      json({ result: 'allow', identity: 'a\nb' }),
      'in its answer "identity" must match ^[^\\p{Cc}\\p{Cs}]+$',
    ],
    [
      'groups that are none',
      json({ result: 'allow', groups: ['a', 7] }),
      'in its answer "groups[1]" must be a string',
    ],
    [
      'a reason code that CONNACK does not know',
      json({ result: 'deny', reasonCode: 0 }),
      'in its answer "reasonCode" must be one of 128, 133, 134, 135, 136, 137, 138, 151, 156, 157, 159',
    ],
  ])('%s', async (_what, answer, why) => {
    const service = await webService(answer)
    const { tries, logger } = await setup(service)
    const reason = 'the service that knows clients does not answer as it should'
    expect(refusal(await tries())).toEqual([0x88, reason])
    expect(refusal(await tries())).toEqual([0x88, reason])
    expect(logger.errors).toEqual([
      `HttpAuth: ${service.origin}/connect does not answer as it should: ${why}`,
    ])
  })

  test('and a wrong answer is asked for once, and closes the door for nobody else', async () => {
    const service = await webService(says(400))
    const { tries } = await setup(service, { failures: 1 })
    await tries()
    expect(service.asked).toHaveLength(1)
    service.answer = allow
    expect(await tries({ username: 'ann' })).toMatchObject({ reasonCode: 0 })
  })

  test('no answer in time, which is asked for twice', async () => {
    const service = await webService(() => {})
    const { tries, seconds, logger } = await setup(service)
    const answer = tries()
    await service.came(1)
    await seconds(2)
    await service.came(2)
    await seconds(2)
    expect(refusal(await answer)).toEqual(DOWN)
    expect(logger.errors).toEqual([
      `HttpAuth: ${service.origin}/connect does not answer: it did not answer within 2000 ms`,
    ])
  })

  test('a body that does not end', async () => {
    const service = await webService((response) => void response.writeHead(200).write('{'))
    const { tries, seconds } = await setup(service, { retries: 0 })
    const answer = tries()
    await service.came(1)
    await seconds(2)
    expect(refusal(await answer)).toEqual(DOWN)
  })

  test('nobody there', async () => {
    const service = await webService(allow)
    service.close()
    const { tries, logger } = await setup(service)
    expect(refusal(await tries())).toEqual(DOWN)
    expect(logger.errors).toEqual([`HttpAuth: ${service.origin}/connect does not answer: ECONNREFUSED`])
  })

  test('a certificate that nobody vouches for', async () => {
    const server = createServer(
      createCertificate('localhost'),
      (_request, response) => void response.end('{}'),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`
    const { tries, logger } = await setup({ origin })
    expect(refusal(await tries())).toEqual(DOWN)
    expect(logger.errors).toEqual([
      `HttpAuth: ${origin}/connect does not answer: DEPTH_ZERO_SELF_SIGNED_CERT`,
    ])
  })

  test.each([408, 429, 500, 503])('but %i is asked once more', async (status) => {
    const service = await webService(says(status))
    const { tries } = await setup(service)
    const answer = service.answer
    service.answer = (response, asked) => {
      service.answer = allow
      answer(response, asked)
    }
    expect(await tries()).toMatchObject({ reasonCode: 0 })
    expect(service.asked).toHaveLength(2)
  })

  test('so is a connection that was closed meanwhile', async () => {
    const service = await webService(allow)
    const { tries } = await setup(service)
    await tries()
    service.answer = (response) => {
      service.answer = allow
      response.destroy()
    }
    expect(await tries({ password: 'other' })).toMatchObject({ reasonCode: 0 })
    expect(service.asked).toHaveLength(3)
  })

  test('nobody else is asked then, and nothing of the service or the password is told', async () => {
    const others: MiddlewareLike = {
      name: 'Others',
      authenticateConnection(_ctx, store) {
        store.valid = true
      },
    }
    const { tries, logger } = await setup(await webService(says(500)), {}, others)
    expect(refusal(await tries({ password: 'do-not-log-me' }))).toEqual(DOWN)
    expect(JSON.stringify(logger.lines)).not.toMatch(/do-not-log-me|secret=1/)
  })
})

describe('the circuit', () => {
  test('opens behind failures in a row, tries again, and closes', async () => {
    const service = await webService(says(503))
    const { tries, seconds, logger } = await setup(service, { failures: 3, retries: 0 })
    for (let i = 0; i < 3; i++) expect(refusal(await tries())).toEqual(DOWN)
    expect(service.asked).toHaveLength(3)
    for (let i = 0; i < 3; i++) expect(refusal(await tries())).toEqual(DOWN)
    expect(service.asked).toHaveLength(3)
    await seconds(10)
    await tries()
    await tries()
    expect(service.asked).toHaveLength(4)
    await seconds(10)
    service.answer = allow
    expect(await tries()).toMatchObject({ reasonCode: 0 })
    expect(await tries({ username: 'ann', clientId: 'ann' })).toMatchObject({ reasonCode: 0 })
    expect(service.asked).toHaveLength(6)
    expect(logger.errors).toEqual([
      `HttpAuth: ${service.origin}/connect does not answer: it answered 503`,
      `HttpAuth: ${service.origin}/connect is not asked for 10000 ms`,
    ])
    expect(logger.lines.map(({ message }) => message)).toContain(
      `HttpAuth: ${service.origin}/connect answers again`,
    )
  })

  test('stays closed where an answer comes between', async () => {
    const service = await webService(says(503))
    const { tries } = await setup(service, { failures: 2, retries: 0, cacheTime: 0 })
    for (let i = 0; i < 3; i++) {
      service.answer = says(503)
      await tries()
      service.answer = allow
      expect(await tries()).toMatchObject({ reasonCode: 0 })
    }
  })

  test('what is kept still answers while it is open', async () => {
    const service = await webService(allow)
    const { tries } = await setup(service, { failures: 1, retries: 0 })
    await tries()
    service.answer = says(503)
    await tries({ username: 'ann' })
    expect(await tries()).toMatchObject({ reasonCode: 0 })
    expect(refusal(await tries({ username: 'ann' }))).toEqual(DOWN)
    expect(service.asked).toHaveLength(2)
  })
})

describe('bounds', () => {
  test('so many requests at a time, so many that wait, and no more', async () => {
    const held: (() => void)[] = []
    const service = await webService((response, asked) => void held.push(() => allow(response, asked)))
    const { tries } = await setup(service, { concurrency: 2, waiting: 2 })
    const all = ['1', '2', '3', '4', '5'].map((username) => tries({ username, clientId: username }))
    await service.came(2)
    expect(refusal(await all[4])).toEqual([0x89, 'too many clients wait for the service that knows them'])
    for (let i = 0; i < 4; i++) {
      await service.came(i + 1)
      held[i]()
    }
    for (const connack of await Promise.all(all.slice(0, 4))) expect(connack.reasonCode).toBe(0)
    expect(service.most).toBe(2)
  })

  test('nobody waits for its turn for ever', async () => {
    const service = await webService(() => {})
    const { tries, seconds } = await setup(service, { concurrency: 1, retries: 1 })
    const first = tries()
    await service.came(1)
    const second = tries({ username: 'ann' })
    await seconds(2)
    expect(refusal(await second)).toEqual([0x89, 'too many clients wait for the service that knows them'])
    await service.came(2)
    await seconds(2)
    expect(refusal(await first)).toEqual(DOWN)
  })

  test('the end of the broker waits for an answer no longer than that', async () => {
    const service = await webService(() => {})
    const { tries, broker, seconds } = await setup(service, { retries: 0 })
    tries().catch(() => {})
    await service.came(1)
    const closed = broker.close()
    await seconds(2)
    await closed
  })
})
