import type { MiddlewareLike } from '@mqtt-stack/core'
import type { Received, TestClient } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import type { Claims } from '../../../test/support/tokens.ts'
import { NOW, SECRET, token } from '../../../test/support/tokens.ts'
import type { JwtAuthOptions } from './index.ts'
import { JwtAuth, METHOD } from './index.ts'

/** Signatures are checked by threads. */
const patience = 10_000

interface Setup extends Broker5 {
  /** A client whose password is this token. */
  byPassword(claims: Claims): Promise<TestClient>
  /** A client that brings its token by the method; with what it was answered. */
  byMethod(data: string, clientId?: string): Promise<[TestClient, Received<'connack'>]>
}

function setup(options: Partial<JwtAuthOptions> = {}, ...others: MiddlewareLike[]): Setup {
  const jwt = new JwtAuth({ algorithms: ['HS256'], key: SECRET, clockTolerance: 0, ...options })
  const use = [jwt, ...others].map((middleware) => ({ middleware, after: 'authentication' as const }))
  const rig = broker5({ use, authorize: false })
  return {
    ...rig,
    async byPassword(claims) {
      const client = rig.open({ patience })
      expect(await client.connect({ username: 'joe', password: token(claims) })).toMatchObject({
        reasonCode: 0,
      })
      return client
    },
    async byMethod(data, clientId) {
      const client = rig.open({ patience, ...(clientId && { clientId }) })
      return [client, await client.connect({ properties: authentication(data) })]
    },
  }
}

function authentication(data: string): { authenticationMethod: string; authenticationData: Buffer } {
  return { authenticationMethod: METHOD, authenticationData: Buffer.from(data) }
}

/** Authenticates again, and waits for what it is answered. */
function renew(client: TestClient, data: string): void {
  client.send({ cmd: 'auth', reasonCode: 0x19, properties: authentication(data) })
}

const EXPIRED = { reasonCode: 0x87, properties: { reasonString: 'the token has expired' } }

describe('a connection ends with its token', () => {
  test('by DISCONNECT with 0x87, and not before', async () => {
    const { byPassword, seconds } = setup()
    const client = await byPassword({ exp: NOW + 60 })
    await seconds(59)
    await client.ping()
    await seconds(1)
    expect(await client.next('disconnect')).toMatchObject(EXPIRED)
    await client.closed
  })

  test('behind the tolerance', async () => {
    const { byPassword, seconds } = setup({ clockTolerance: 10 })
    const client = await byPassword({ exp: NOW + 60 })
    await seconds(69)
    await client.ping()
    await seconds(1)
    expect(await client.next('disconnect')).toMatchObject(EXPIRED)
  })

  test('after months, which no timer of Node has', async () => {
    const { byPassword, clock } = setup()
    const client = await byPassword({ exp: NOW + 90 * 86_400 })
    await clock.leap(89 * 86_400_000)
    await client.ping()
    await clock.leap(86_400_000)
    expect(await client.next('disconnect')).toMatchObject(EXPIRED)
  })

  test('later, where the wall clock was set back meanwhile', async () => {
    const { byPassword, clock, seconds } = setup()
    const client = await byPassword({ exp: NOW + 60 })
    clock.set((NOW - 100) * 1_000)
    await seconds(159)
    await client.ping()
    await seconds(1)
    expect(await client.next('disconnect')).toMatchObject(EXPIRED)
  })

  test('soon, where the wall clock was set forward', async () => {
    const { byPassword, clock, seconds } = setup()
    const client = await byPassword({ exp: NOW + 86_400 })
    clock.set((NOW + 90_000) * 1_000)
    await seconds(60)
    expect(await client.next('disconnect')).toMatchObject(EXPIRED)
  })

  test('never, where it has no end and that is allowed', async () => {
    const { byPassword, clock } = setup({ requireExpiry: false })
    const client = await byPassword({ exp: undefined })
    await clock.leap(400 * 86_400_000)
    await client.ping()
  })

  test('and leaves no timer when it is gone before', async () => {
    const { byPassword, clock } = setup()
    const stays = await byPassword({ exp: NOW + 60 })
    const timers = clock.timers
    const client = await byPassword({ exp: NOW + 60 })
    expect(clock.timers).toBe(timers + 1)
    await client.disconnect()
    expect(clock.timers).toBe(timers)
    await stays.ping()
  })
})

describe('enhanced authentication by the method JWT', () => {
  test('lets in who brings a token', async () => {
    const { byMethod, broker } = setup()
    const [, connack] = await byMethod(token())
    expect(connack).toMatchObject({ reasonCode: 0, properties: { authenticationMethod: METHOD } })
    expect([...broker.stack.clients][0].session.identity).toBe('alice')
  })

  test.each([
    ['no token', 'secret', 'what came is no token'],
    ['nothing', '', 'what came is no token'],
    ['an old one', token({ iss: 'ours', exp: NOW - 1 }), 'the token has expired'],
    ['that of another issuer', token({ iss: 'theirs' }), 'the token is of another issuer'],
  ])('refuses who brings %s, and tells so', async (_what, data, reasonString) => {
    const told: unknown[] = []
    const failures: MiddlewareLike = {
      name: 'Failures',
      authenticationFailed: ({ method, reasonCode, reason }) => void told.push([method, reasonCode, reason]),
    }
    const [, connack] = await setup({ issuer: 'ours' }, failures).byMethod(data)
    expect(connack).toMatchObject({ reasonCode: 0x87, properties: { reasonString } })
    expect(told).toEqual([[METHOD, 0x87, reasonString]])
  })

  test('a newer token renews the connection', async () => {
    const { byMethod, seconds } = setup()
    const [client] = await byMethod(token({ exp: NOW + 60 }))
    await seconds(50)
    renew(client, token({ exp: NOW + 120 }))
    expect(await client.next('auth')).toMatchObject({ reasonCode: 0 })
    await seconds(69)
    await client.ping()
    await seconds(1)
    expect(await client.next('disconnect')).toMatchObject(EXPIRED)
  })

  test.each([
    ['an old one', { exp: NOW + 1 }, 0x87, 'the token has expired'],
    ['that of another user', { sub: 'bob' }, 0x87, 'the token is of another user'],
    [
      'that of another device',
      { device: 'door' },
      0x87,
      'the client identifier is not that of the token (claim "device")',
    ],
  ])('but not %s, which ends it', async (_what, claims, reasonCode, reasonString) => {
    const { byMethod, seconds } = setup({ clientIdClaim: 'device' })
    const [client] = await byMethod(token({ device: 'lamp', exp: NOW + 60 }), 'lamp')
    await seconds(10)
    renew(client, token({ device: 'lamp', ...claims }))
    expect(await client.next('disconnect')).toMatchObject({ reasonCode, properties: { reasonString } })
    await client.closed
  })

  test('another method is left to others', async () => {
    const { open } = setup()
    const client = open({ patience })
    const properties = { authenticationMethod: 'OTHER', authenticationData: Buffer.from(token()) }
    expect(await client.connect({ properties })).toMatchObject({ reasonCode: 0x8c })
  })
})
