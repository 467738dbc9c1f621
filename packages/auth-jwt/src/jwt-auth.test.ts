import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ConnectOptions, Received } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import type { TokenOptions } from '../../../test/support/tokens.ts'
import { KEYS, NOW, pem, SECRET, token } from '../../../test/support/tokens.ts'
import type { JwtAuthOptions } from './index.ts'
import { JwtAuth } from './index.ts'

/** Signatures are checked by threads. */
const patience = 10_000

interface Setup extends Broker5 {
  /** What a CONNECT with this password is answered. */
  tries(password: string, options?: ConnectOptions): Promise<Received<'connack'>>
}

function setup(auth: Partial<JwtAuthOptions> = {}, ...others: MiddlewareLike[]): Setup {
  const jwt = new JwtAuth({ algorithms: ['HS256'], key: SECRET, ...auth })
  const use = [jwt, ...others].map((middleware) => ({ middleware, after: 'authentication' as const }))
  const rig = broker5({ use, authorize: false })
  return {
    ...rig,
    tries: (password, options) => rig.open({ patience }).connect({ username: 'joe', password, ...options }),
  }
}

function refusal({ reasonCode, properties }: Received<'connack'>): unknown[] {
  return [reasonCode, properties?.reasonString]
}

describe('a token is the password', () => {
  test.each<[string, Partial<JwtAuthOptions>, TokenOptions]>([
    ['HS256', { key: SECRET }, { key: SECRET }],
    ['HS384', { key: SECRET }, { key: SECRET }],
    ['HS512', { key: SECRET }, { key: SECRET }],
    ['RS256', { key: pem(KEYS.rsa.publicKey) }, { key: KEYS.rsa.privateKey }],
    ['RS384', { key: pem(KEYS.rsa.publicKey) }, { key: KEYS.rsa.privateKey }],
    ['RS512', { key: pem(KEYS.rsa.publicKey) }, { key: KEYS.rsa.privateKey }],
    ['PS256', { key: pem(KEYS.rsa.publicKey) }, { key: KEYS.rsa.privateKey }],
    ['ES256', { key: pem(KEYS.p256.publicKey) }, { key: KEYS.p256.privateKey }],
    ['ES384', { key: pem(KEYS.p384.publicKey) }, { key: KEYS.p384.privateKey }],
    ['ES512', { key: pem(KEYS.p521.publicKey) }, { key: KEYS.p521.privateKey }],
    ['EdDSA', { key: pem(KEYS.ed25519.publicKey) }, { key: KEYS.ed25519.privateKey }],
    ['Ed25519', { key: pem(KEYS.ed25519.publicKey) }, { key: KEYS.ed25519.privateKey }],
  ])('signed with %s', async (alg, auth, options) => {
    const { tries, broker } = setup({ ...auth, algorithms: [alg as 'HS256'] })
    expect(await tries(token({}, { ...options, alg }))).toMatchObject({ reasonCode: 0 })
    const [{ session }] = broker.stack.clients
    expect(session.identity).toBe('alice')
    expect(refusal(await tries(token({}, { ...options, alg }).slice(0, -8)))).toEqual([
      0x86,
      'the signature of the token is wrong',
    ])
  })

  test('with a key in base64', async () => {
    const key = Buffer.from(SECRET).toString('base64')
    expect(await setup({ key, keyEncoding: 'base64' }).tries(token())).toMatchObject({ reasonCode: 0 })
  })

  test('or the user name, where that is said', async () => {
    const { tries } = setup({ source: 'username' })
    expect(await tries('any', { username: token() })).toMatchObject({ reasonCode: 0 })
    expect(await tries(token())).toMatchObject({ reasonCode: 0x86 })
  })

  test('of 3.1.1 as well, which knows one code for all that is wrong with it', async () => {
    const { open } = setup()
    const client = open({ patience, protocolVersion: 4 })
    expect(await client.connect({ username: 'joe', password: token({ exp: NOW - 60 }) })).toMatchObject({
      returnCode: 4,
    })
    const good = open({ patience, protocolVersion: 4 })
    expect(await good.connect({ username: 'joe', password: token() })).toMatchObject({ returnCode: 0 })
  })
})

describe('what is wrong with a token', () => {
  const issuer = { issuer: ['https://a.example', 'https://b.example'], audience: 'broker' }
  const right = { iss: 'https://b.example', aud: ['other', 'broker'] }

  test.each<[string, string, string, Partial<JwtAuthOptions>?]>([
    ['expired', token({ exp: NOW - 5 }), 'the token has expired'],
    ['not valid yet', token({ nbf: NOW + 6 }), 'the token is not valid yet'],
    ['good for ever', token({ exp: undefined }), 'the token has no expiry (claim "exp")'],
    ['of a time that is none', token({ exp: 'soon' }), 'the claim "exp" of the token is no time'],
    ['of another secret', token({}, { key: SECRET.toUpperCase() }), 'the signature of the token is wrong'],
    ['changed', changed(token()), 'the signature of the token is wrong'],
    ['signed with nothing', token({}, { alg: 'none' }), 'the token is signed with none, not with HS256'],
    [
      'signed with another algorithm',
      token({}, { alg: 'HS512' }),
      'the token is signed with HS512, not with HS256 or HS384',
      { algorithms: ['HS256', 'HS384'] },
    ],
    [
      'signed with one that nobody knows',
      token({}, { alg: 'XS256\u001b' }),
      'the token is signed with an unknown algorithm, not with HS256',
    ],
    [
      'signed with the public key as if it were a secret',
      token({}, { alg: 'HS256', key: pem(KEYS.rsa.publicKey) }),
      'the token is signed with HS256, not with RS256',
      { algorithms: ['RS256'], key: pem(KEYS.rsa.publicKey) },
    ],
    [
      'of extensions that we do not know',
      token({}, { header: { crit: ['x'], x: 1 } }),
      'the token is malformed',
    ],
    ['for another audience', token({ ...right, aud: 'other' }), 'the token is for another audience', issuer],
    ['for no audience', token({ ...right, aud: undefined }), 'the token has no claim "aud"', issuer],
    ['of nobody', token({ sub: undefined }), 'the token has no claim "sub" that can be a user name'],
    [
      'of a name that is none',
      token({ sub: 'a\0b' }),
      'the token has no claim "sub" that can be a user name',
    ],
    [
      'of a name in another place',
      token(),
      'the token has no claim "user.name" that can be a user name',
      { usernameClaim: 'user.name' },
    ],
    [
      'of groups that are none',
      token({ groups: 'admins' }),
      'the claim "groups" of the token is no list of groups',
      { groupsClaim: 'groups' },
    ],
    [
      'of rights that are none',
      token({ mqtt: { publish: ['a#'] } }),
      'the claim "mqtt" of the token is not { "publish": […], "subscribe": […] } with topic filters',
      { rightsClaim: 'mqtt' },
    ],
  ])('%s', async (_what, password, reason, auth) => {
    expect(refusal(await setup(auth).tries(password))).toEqual([0x86, reason])
  })

  test('clocks may be apart by the tolerance, on the wall clock of the stack', async () => {
    const { tries, clock } = setup({ clockTolerance: 30 })
    const late = token({ exp: NOW - 29 })
    expect(await tries(late)).toMatchObject({ reasonCode: 0 })
    clock.set((NOW + 2) * 1_000)
    expect(refusal(await tries(late))).toEqual([0x86, 'the token has expired'])
    clock.set((NOW - 90_000) * 1_000)
    expect(await tries(late)).toMatchObject({ reasonCode: 0 })
  })

  test('its log lines hold nothing of it', async () => {
    const { tries, logger } = setup()
    const bad = token({ exp: NOW - 60 })
    await tries(bad)
    expect(JSON.stringify(logger.lines)).toContain('the token has expired')
    expect(JSON.stringify(logger.lines)).not.toContain(bad.slice(0, 20))
  })
})

describe('what it says of the client', () => {
  test('its user name, whatever the CONNECT says, and groups', async () => {
    const { tries, broker } = setup({ usernameClaim: 'user.name', groupsClaim: 'realm.groups' })
    await tries(token({ user: { name: 'bob' }, realm: { groups: ['a', 'b'] } }))
    const [{ session }] = broker.stack.clients
    expect([session.identity, session.groups]).toEqual(['bob', ['a', 'b']])
  })

  test('its claim may have a dot in its name', async () => {
    const { tries, broker } = setup({ usernameClaim: 'https://acme.example/user' })
    await tries(token({ 'https://acme.example/user': 'bob' }))
    expect([...broker.stack.clients][0].session.identity).toBe('bob')
  })

  test('its client identifier, which must be that of the CONNECT', async () => {
    const { tries } = setup({ clientIdClaim: 'client_id' })
    const lamp = token({ client_id: 'lamp' })
    expect(await tries(lamp, { clientId: 'lamp' })).toMatchObject({ reasonCode: 0 })
    const refused = [0x85, 'the client identifier is not that of the token (claim "client_id")']
    expect(refusal(await tries(lamp, { clientId: 'Lamp' }))).toEqual(refused)
    expect(refusal(await tries(lamp, { clientId: '' }))).toEqual(refused)
    expect(refusal(await tries(token(), { clientId: 'lamp' }))).toEqual(refused)
  })
})

describe('who is left to others', () => {
  const users: MiddlewareLike = {
    name: 'Users',
    authenticateConnection({ password }, store) {
      store.valid = String(password).endsWith('!')
    },
  }

  test.each([
    ['a password', 'secret!'],
    ['one with dots', 'one.two.three!'],
    ['one in the shape of a token', 'b25l.dHdv.dGhyZWU!'],
  ])('%s', async (_what, password) => {
    const { tries } = setup({}, users)
    expect(await tries(password)).toMatchObject({ reasonCode: 0 })
    expect(await tries(password.slice(0, -1))).toMatchObject({ reasonCode: 0x86 })
  })

  test('the token of another issuer', async () => {
    const theirs = new JwtAuth({ algorithms: ['HS512'], key: SECRET, issuer: 'theirs' })
    const { tries } = setup({ issuer: 'ours' }, theirs)
    expect(await tries(token({ iss: 'ours' }))).toMatchObject({ reasonCode: 0 })
    expect(await tries(token({ iss: 'theirs' }, { alg: 'HS512' }))).toMatchObject({ reasonCode: 0 })
    expect(refusal(await tries(token({ iss: 'nobody' })))).toEqual([0x86, 'the token is of another issuer'])
  })

  test('a token that is too long, and the log says so', async () => {
    const { tries } = setup()
    const huge = token({ filler: 'x'.repeat(13_000) })
    expect(huge.length).toBeGreaterThan(16_384)
    expect(refusal(await tries(huge))).toEqual([0x86, 'the token is longer than 16384 characters'])
  })

  test('a client without a password', async () => {
    const { open } = setup()
    expect(await open().connect({ username: 'joe' })).toMatchObject({ reasonCode: 0x86 })
  })
})

/** The same signature over another name. */
function changed(good: string): string {
  const [header, , signature] = good.split('.')
  return [header, token({ sub: 'admin' }).split('.')[1], signature].join('.')
}
