/** Questions of somebody who only wants to know (`broker.explain`). */
import { describe, expect, test } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { allow, httpBroker, refusal } from '../../../test/rig/http-auth.ts'
import { json, says, webService } from '../../../test/support/web-service.ts'
import { AUTHENTICATE_REQUEST, AUTHORIZE_REQUEST, HttpAuth } from './index.ts'
import { problemOf } from './json-schema.ts'

const JOE = { client: 'lamp', user: 'joe', connect: { password: 'secret' } }

describe('who a client is', () => {
  test('is asked with "dry", and the answer is not kept', async () => {
    const service = await webService(allow)
    const { broker, tries } = await httpBroker(service)
    expect(await broker.explain(JOE)).toMatchObject({ allowed: true })
    expect(await broker.explain(JOE)).toMatchObject({ allowed: true })
    await tries()
    const [{ body }] = service.asked
    expect(service.asked.map((one) => one.body.dry)).toEqual([true, true, undefined])
    expect(body).toMatchObject({ clientId: 'lamp', username: 'joe', password: 'secret' })
    expect(problemOf(body, AUTHENTICATE_REQUEST)).toBeUndefined()
  })

  test('without an answer counts for nothing: the circuit stays closed, nothing is asked twice or logged', async () => {
    const service = await webService(says(500))
    const { broker, tries, logger } = await httpBroker(service, { failures: 1, retries: 3 })
    for (let i = 0; i < 3; i++)
      expect(await broker.explain(JOE)).toMatchObject({
        allowed: false,
        reason: 'HttpAuth: the service that knows clients does not answer',
      })
    expect(service.asked).toHaveLength(3)
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([])
    service.answer = allow
    expect(await tries()).toMatchObject({ reasonCode: 0 })
  })

  test('is not asked while the circuit is open, which no answer closes', async () => {
    const service = await webService(says(500))
    const { broker, tries, seconds } = await httpBroker(service, { failures: 1, retries: 0 })
    await tries()
    service.answer = allow
    await seconds(11)
    expect(await broker.explain(JOE)).toMatchObject({ allowed: false })
    expect(service.asked).toHaveLength(1)
    expect(refusal(await tries())[0]).toBe(0)
  })
})

test('what a client may do is asked with "dry", and a failure counts for nothing', async () => {
  const service = await webService(says(500))
  const auth = new HttpAuth({ authorize: `${service.origin}/allow`, failures: 1, retries: 3 })
  const { broker, logger } = broker5({
    use: [{ middleware: auth, after: 'authentication' }],
    allowAnonymous: true,
  })
  const ask = () => broker.explain({ user: 'joe', publish: 'a' })
  for (let i = 0; i < 3; i++)
    expect(await ask()).toMatchObject({
      allowed: false,
      reason: 'HttpAuth: the service that knows clients does not answer',
    })
  service.answer = json({ results: ['allow'] })
  expect(await ask()).toMatchObject({ allowed: true })
  expect(service.asked.map(({ body }) => body.dry)).toEqual([true, true, true, true])
  expect(problemOf(service.asked[0].body, AUTHORIZE_REQUEST)).toBeUndefined()
  expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([])
})
