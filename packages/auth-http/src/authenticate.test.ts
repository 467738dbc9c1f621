import type { MiddlewareLike } from '@mqtt-stack/core'
import { describe, expect, test } from 'vitest'
import { allow, deny, httpBroker, refusal } from '../../../test/rig/http-auth.ts'
import { json, webService } from '../../../test/support/web-service.ts'
import { AUTHENTICATE_REQUEST } from './index.ts'
import { problemOf } from './json-schema.ts'

describe('who a client is', () => {
  test('is asked of the service, by POST with JSON', async () => {
    const service = await webService(allow)
    const { tries } = await httpBroker(service, { token: 'T', headers: { 'x-broker': 'one' } })
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
    const { broker, tries } = await httpBroker(service)
    const bytes = Buffer.from([0xff, 0x00, 0x41])
    await tries({ password: bytes as unknown as string })
    expect(service.asked[0].body).toMatchObject({ passwordBase64: bytes.toString('base64') })
    expect(service.asked[0].body).not.toHaveProperty('password')
    expect([...broker.stack.clients]).toHaveLength(1)
  })

  test('nothing that a client says gets into the URL or the headers', async () => {
    const service = await webService(allow)
    const { tries } = await httpBroker(service)
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
    const { broker, tries } = await httpBroker(service)
    await tries()
    const [{ session }] = broker.stack.clients
    expect([session.identity, session.groups]).toEqual(['Joe', ['staff']])
  })

  test('its user name is its identity otherwise', async () => {
    const { broker, tries } = await httpBroker(await webService(allow))
    await tries()
    const [{ session }] = broker.stack.clients
    expect([session.identity, session.groups]).toEqual(['joe', []])
  })

  test('is refused as the service says', async () => {
    const service = await webService(deny)
    const { tries, auth } = await httpBroker(service)
    expect(refusal(await tries())).toEqual([0x86, 'not authenticated'])
    service.answer = json({ result: 'deny', reasonCode: 0x8a, reason: 'banned until noon' })
    auth.forget()
    expect(refusal(await tries())).toEqual([0x8a, 'banned until noon'])
  })

  test('that was asked for before all was forgotten counts for nobody else', async () => {
    let forget = (): void => {}
    const service = await webService((response) => {
      forget()
      json({ result: 'allow' })(response)
    })
    const { tries, auth } = await httpBroker(service)
    forget = () => auth.forget()
    expect(await tries()).toMatchObject({ reasonCode: 0 })
    service.answer = json({ result: 'deny' })
    expect(await tries()).toMatchObject({ reasonCode: 0x86 })
  })

  test('is left to others where the service does not know it, and where it says nothing of itself', async () => {
    const others: MiddlewareLike = {
      name: 'Others',
      authenticateConnection({ username }, store) {
        store.valid = username !== 'mallory'
      },
    }
    const service = await webService(json({ result: 'ignore' }))
    const { tries } = await httpBroker(service, {}, others)
    expect(await tries()).toMatchObject({ reasonCode: 0 })
    expect(await tries({ username: 'mallory' })).toMatchObject({ reasonCode: 0x86 })
    const asked = service.asked.length
    const nobody = { clientId: 'nobody', username: undefined, password: undefined }
    expect(await tries(nobody)).toMatchObject({ reasonCode: 0 })
    expect(service.asked).toHaveLength(asked)
  })

  test('connections to the service are kept', async () => {
    const service = await webService(allow)
    const { tries } = await httpBroker(service)
    for (const password of ['1', '2', '3']) await tries({ password })
    expect(service.asked.map(({ connection }) => connection)).toEqual([1, 1, 1])
  })
})

describe('answers are kept', () => {
  test('for as long as the options say', async () => {
    const service = await webService(allow)
    const { tries, seconds } = await httpBroker(service)
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
    const { tries, seconds } = await httpBroker(service)
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
    const { tries, seconds } = await httpBroker(service)
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
    const { tries } = await httpBroker(service)
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
      (body.password === 'secret' ? allow : deny)(response),
    )
    const { tries } = await httpBroker(service, { cacheEntries: 2 })
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
    const { tries } = await httpBroker(service, { cacheTime: 0 })
    await Promise.all([tries(), tries(), tries()])
    expect(service.asked).toHaveLength(1)
    await tries()
    expect(service.asked).toHaveLength(2)
  })
})
