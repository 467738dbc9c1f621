import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { allow, httpBroker, refusal } from '../../../test/rig/http-auth.ts'
import { json, says, webService } from '../../../test/support/web-service.ts'
import { createCertificate } from '../../benchmark/src/brokers/certificate.ts'

const DOWN = [0x88, 'the service that knows clients does not answer']

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
    const { tries, logger } = await httpBroker(service)
    const reason = 'the service that knows clients does not answer as it should'
    expect(refusal(await tries())).toEqual([0x88, reason])
    expect(refusal(await tries())).toEqual([0x88, reason])
    expect(logger.errors).toEqual([
      `HttpAuth: ${service.origin}/connect does not answer as it should: ${why}`,
    ])
  })

  test('and a wrong answer is asked for once, and closes the door for nobody else', async () => {
    const service = await webService(says(400))
    const { tries } = await httpBroker(service, { failures: 1 })
    await tries()
    expect(service.asked).toHaveLength(1)
    service.answer = allow
    expect(await tries({ username: 'ann' })).toMatchObject({ reasonCode: 0 })
  })

  test('no answer in time, which is asked for twice', async () => {
    const service = await webService(() => {})
    const { tries, seconds, logger } = await httpBroker(service)
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
    const { tries, seconds } = await httpBroker(service, { retries: 0 })
    const answer = tries()
    await service.came(1)
    await seconds(2)
    expect(refusal(await answer)).toEqual(DOWN)
  })

  test('nobody there', async () => {
    const service = await webService(allow)
    service.close()
    const { tries, logger } = await httpBroker(service)
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
    const { tries, logger } = await httpBroker({ origin })
    expect(refusal(await tries())).toEqual(DOWN)
    expect(logger.errors).toEqual([
      `HttpAuth: ${origin}/connect does not answer: DEPTH_ZERO_SELF_SIGNED_CERT`,
    ])
  })

  test.each([408, 429, 500, 503])('but %i is asked once more', async (status) => {
    const service = await webService(says(status))
    const { tries } = await httpBroker(service)
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
    const { tries } = await httpBroker(service)
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
    const { tries, logger } = await httpBroker(await webService(says(500)), {}, others)
    expect(refusal(await tries({ password: 'do-not-log-me' }))).toEqual(DOWN)
    expect(JSON.stringify(logger.lines)).not.toMatch(/do-not-log-me|secret=1/)
  })
})

describe('the circuit', () => {
  test('opens behind failures in a row, tries again, and closes', async () => {
    const service = await webService(says(503))
    const { tries, seconds, logger } = await httpBroker(service, { failures: 3, retries: 0 })
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
    const { tries } = await httpBroker(service, { failures: 2, retries: 0, cacheTime: 0 })
    for (let i = 0; i < 3; i++) {
      service.answer = says(503)
      await tries()
      service.answer = allow
      expect(await tries()).toMatchObject({ reasonCode: 0 })
    }
  })

  test('what is kept still answers while it is open', async () => {
    const service = await webService(allow)
    const { tries } = await httpBroker(service, { failures: 1, retries: 0 })
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
    const service = await webService((response) => void held.push(() => allow(response)))
    const { tries } = await httpBroker(service, { concurrency: 2, waiting: 2 })
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
    const { tries, seconds } = await httpBroker(service, { concurrency: 1, retries: 1 })
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
    const { tries, broker, seconds } = await httpBroker(service, { retries: 0 })
    tries().catch(() => {})
    await service.came(1)
    const closed = broker.close()
    await seconds(2)
    await closed
  })
})
