import { ReasonCode } from '@mqtt-stack/core'
import type { ConnectOptions, TestClient } from '@mqtt-stack/testing'
import type { IAuthPacket, IConnackPacket } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../test/rig/broker.ts'
import { broker5 } from '../test/rig/broker.ts'
import { ScramClient } from '../test/support/scram-client.ts'
import { credentialsOf, scramSha256 } from './scram-sha-256.mjs'

const METHOD = 'SCRAM-SHA-256'
const { CONTINUE_AUTHENTICATION, RE_AUTHENTICATE } = ReasonCode
const few = (password: string): ReturnType<typeof credentialsOf> => credentialsOf(password, undefined, 64)
const users = new Map([
  ['joe', few('secret')],
  ['jane, the =', few('pässword')],
])

function broker(...given: Parameters<typeof scramSha256>): Broker5 {
  return broker5({ use: [{ middleware: scramSha256(...given), after: 'authentication' }], authorize: false })
}

/** CONNECT with the first message; answers what came first. */
async function begin(
  client: TestClient,
  first: Uint8Array,
  options: ConnectOptions = {},
): Promise<IAuthPacket | IConnackPacket> {
  const authenticationData = Buffer.from(first)
  client
    .connect({ ...options, properties: { authenticationMethod: METHOD, authenticationData } })
    .catch(() => {})
  return answerTo(client)
}

async function answerTo(client: TestClient): Promise<IAuthPacket | IConnackPacket> {
  const before = client.received.length
  await new Promise((resolve) => client.stream.once('data', resolve))
  return client.received[before] as IAuthPacket | IConnackPacket
}

function say(
  client: TestClient,
  reasonCode: number,
  data: Uint8Array,
): Promise<IAuthPacket | IConnackPacket> {
  const properties = { authenticationMethod: METHOD, authenticationData: Buffer.from(data) }
  client.send({ cmd: 'auth', reasonCode, properties })
  return answerTo(client)
}

async function joe(test: Broker5): Promise<TestClient> {
  const client = test.open()
  const scram = new ScramClient('joe', 'secret')
  const challenge = await begin(client, scram.first())
  await say(client, CONTINUE_AUTHENTICATION, scram.final(challenge.properties?.authenticationData))
  return client
}

describe('SCRAM-SHA-256', () => {
  it('[MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] lets in who knows the password, and shows that it knows the user', async () => {
    for (const [user, password] of [
      ['joe', 'secret'],
      ['jane, the =', 'pässword'],
    ]) {
      const test = broker(users)
      const client = test.open()
      const scram = new ScramClient(user, password)
      const challenge = await begin(client, scram.first())
      expect(challenge).toMatchObject({ cmd: 'auth', reasonCode: CONTINUE_AUTHENTICATION })
      expect(challenge.properties?.authenticationMethod).toBe(METHOD)
      const answer = scram.final(challenge.properties?.authenticationData)
      const connack = await say(client, CONTINUE_AUTHENTICATION, answer)
      expect(connack).toMatchObject({ cmd: 'connack', reasonCode: 0 })
      expect(connack.properties?.authenticationMethod).toBe(METHOD)
      expect(scram.trusts(connack.properties?.authenticationData)).toBe(true)
      expect([...test.broker.stack.clients][0].session.identity).toBe(user)
      await client.subscribe('a')
      await client.publish('a', 'b')
      expect((await client.message()).payload).toBe('b')
    }
  })

  it('says what RFC 7677 says', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
    const known = new Map([['user', credentialsOf('pencil', salt, 4_096)]])
    const test = broker(known, () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0')
    const client = test.open()
    const challenge = await begin(client, Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'))
    expect(String(challenge.properties?.authenticationData)).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    const final =
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
    const connack = await say(client, CONTINUE_AUTHENTICATION, Buffer.from(final))
    expect(String(connack.properties?.authenticationData)).toBe(
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    )
  })

  it.each([
    ['a wrong password', 'joe', 'guess'],
    ['an unknown user', 'eve', 'secret'],
  ])('[MQTT-4.12.0-4] refuses %s, at the last step', async (_what, user, password) => {
    const client = broker(users).open()
    const scram = new ScramClient(user, password)
    const challenge = await begin(client, scram.first())
    expect(challenge.cmd).toBe('auth')
    const answer = scram.final(challenge.properties?.authenticationData)
    const connack = await say(client, CONTINUE_AUTHENTICATION, answer)
    expect(connack).toMatchObject({ cmd: 'connack', reasonCode: ReasonCode.NOT_AUTHORIZED })
    await client.closed
  })

  it('has the same salt for an unknown user each time', async () => {
    const test = broker(users)
    const salts = []
    for (let i = 0; i < 2; i++) {
      const challenge = await begin(test.open(), new ScramClient('eve', '').first())
      salts.push(String(challenge.properties?.authenticationData).split(',')[1])
    }
    expect(salts[0]).toBe(salts[1])
  })

  it.each([
    ['nothing', ''],
    ['no header', 'n=joe,r=abc'],
    ['channel binding', 'p=tls-unique,,n=joe,r=abc'],
    ['no user', 'n,,n=,r=abc'],
    ['no nonce', 'n,,n=joe,r='],
    ['an extension that has to be known', 'n,,m=x,n=joe,r=abc'],
    ['a name with a bad escape', 'n,,n=jo=e,r=abc'],
  ])('refuses a first message of %s', async (_what, message) => {
    const client = broker(users).open()
    const connack = await begin(client, Buffer.from(message))
    expect(connack).toMatchObject({ cmd: 'connack', reasonCode: ReasonCode.NOT_AUTHORIZED })
  })

  it.each([
    ['another nonce', (final: string) => final.replace(/r=./, 'r=~')],
    ['another header', (final: string) => final.replace('biws', 'eSws')],
    ['no proof', (final: string) => final.replace(/,p=.*/, '')],
    ['half a proof', (final: string) => final.slice(0, -20)],
    ['another proof', (final: string) => final.replace(/p=.../, 'p=AAA')],
    ['more than a proof', (final: string) => `${final},x=y`],
    ['nothing', () => ''],
  ])('refuses a final message with %s', async (_what, change) => {
    const client = broker(users).open()
    const scram = new ScramClient('joe', 'secret')
    const challenge = await begin(client, scram.first())
    const final = change(scram.final(challenge.properties?.authenticationData).toString())
    const connack = await say(client, CONTINUE_AUTHENTICATION, Buffer.from(final))
    expect(connack).toMatchObject({ cmd: 'connack', reasonCode: ReasonCode.NOT_AUTHORIZED })
  })

  it('refuses what was said to another', async () => {
    const test = broker(users)
    const scram = new ScramClient('joe', 'secret')
    const heard = test.open()
    const challenge = await begin(heard, scram.first())
    const final = scram.final(challenge.properties?.authenticationData)
    const thief = test.open()
    await begin(thief, scram.first())
    expect(await say(thief, CONTINUE_AUTHENTICATION, final)).toMatchObject({
      cmd: 'connack',
      reasonCode: 0x87,
    })
  })

  it('refuses user name and password, and nobody', async () => {
    const test = broker(users)
    const named = await test.open().connect({ username: 'joe', password: 'secret' })
    expect(named.reasonCode).toBe(ReasonCode.BAD_USER_NAME_OR_PASSWORD)
    expect((await test.open().connect()).reasonCode).toBe(ReasonCode.NOT_AUTHORIZED)
    const other = await test.open().connect({ properties: { authenticationMethod: 'SCRAM-SHA-1' } })
    expect(other.reasonCode).toBe(ReasonCode.BAD_AUTHENTICATION_METHOD)
  })
})

describe('re-authentication', () => {
  it('[MQTT-4.12.1-1] proves once more who the client is', async () => {
    const client = await joe(broker(users))
    const scram = new ScramClient('joe', 'secret')
    const challenge = await say(client, RE_AUTHENTICATE, scram.first())
    expect(challenge).toMatchObject({ cmd: 'auth', reasonCode: CONTINUE_AUTHENTICATION })
    const answer = scram.final(challenge.properties?.authenticationData)
    const success = await say(client, CONTINUE_AUTHENTICATION, answer)
    expect(success).toMatchObject({ cmd: 'auth', reasonCode: 0 })
    expect(scram.trusts(success.properties?.authenticationData)).toBe(true)
    await client.ping()
  })

  it.each([
    ['with a wrong password', 'joe', 'guess'],
    ['as somebody else', 'jane, the =', 'pässword'],
  ])('[MQTT-4.12.1-2] %s ends the connection', async (_what, user, password) => {
    const client = await joe(broker(users))
    const scram = new ScramClient(user, password)
    const challenge = await say(client, RE_AUTHENTICATE, scram.first())
    const answer = scram.final(challenge.properties?.authenticationData)
    expect(await say(client, CONTINUE_AUTHENTICATION, answer)).toMatchObject({
      cmd: 'disconnect',
      reasonCode: ReasonCode.NOT_AUTHORIZED,
    })
    await client.closed
  })
})
