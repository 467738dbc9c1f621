import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReasonCode } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import type { IAuthPacket, IConnackPacket } from 'mqtt-packet'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { ScramClient } from '../../../test/support/scram-client.ts'
import { ScramAuth, scramKeys } from './index.ts'

const { CONTINUE_AUTHENTICATION, RE_AUTHENTICATE } = ReasonCode
const METHODS = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-512': 'sha512' } as const
type Method = keyof typeof METHODS
const METHOD = 'SCRAM-SHA-256'

const line = async (name: string, password: string, groups = ''): Promise<string> => {
  const keys = await Promise.all(
    [METHOD, 'SCRAM-SHA-512'].map((method) => scramKeys(password, method as Method, 4_096)),
  )
  return [name, '$6$x$y', groups, ...keys].join(':')
}

const LINES = Promise.all([
  line('joe', 'secret', 'staff,night'),
  line('jane, the =', 'pässword'),
  'old:$6$x$y',
])

interface Setup extends Broker5 {
  scram: ScramAuth
  /** The path of a further file. */
  other(text: string): string
  write(text: string): void
}

async function setup(text?: string): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), 'scram-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'users')
  const write = (lines: string): void => writeFileSync(file, lines, { mode: 0o600 })
  write(text ?? (await LINES).join('\n'))
  const scram = new ScramAuth({ file })
  const test = broker5({ use: [{ middleware: scram, after: 'authentication' }], authorize: false })
  await test.broker.start()
  const other = (lines: string): string => {
    writeFileSync(join(folder, 'other'), lines, { mode: 0o600 })
    return join(folder, 'other')
  }
  return { ...test, scram, other, write }
}

/** CONNECT with the first message; answers what came first. */
async function begin(
  client: TestClient,
  first: Uint8Array,
  authenticationMethod: string = METHOD,
): Promise<IAuthPacket | IConnackPacket> {
  const authenticationData = Buffer.from(first)
  client.connect({ properties: { authenticationMethod, authenticationData } }).catch(() => {})
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
  authenticationMethod: string = METHOD,
): Promise<IAuthPacket | IConnackPacket> {
  const properties = { authenticationMethod, authenticationData: Buffer.from(data) }
  client.send({ cmd: 'auth', reasonCode, properties })
  return answerTo(client)
}

async function joe(test: Setup): Promise<TestClient> {
  const client = test.open()
  const scram = new ScramClient('joe', 'secret')
  const challenge = await begin(client, scram.first())
  await say(client, CONTINUE_AUTHENTICATION, scram.final(challenge.properties?.authenticationData))
  return client
}

describe.each(Object.entries(METHODS))('%s', (method, hash) => {
  it('[MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] lets in who knows the password, and shows that it knows the user', async () => {
    for (const [user, password, groups] of [
      ['joe', 'secret', ['staff', 'night']],
      ['jane, the =', 'pässword', []],
    ] as const) {
      const test = await setup()
      const client = test.open()
      const scram = new ScramClient(user, password, undefined, hash)
      const challenge = await begin(client, scram.first(), method)
      expect(challenge).toMatchObject({ cmd: 'auth', reasonCode: CONTINUE_AUTHENTICATION })
      expect(challenge.properties?.authenticationMethod).toBe(method)
      const answer = scram.final(challenge.properties?.authenticationData)
      const connack = await say(client, CONTINUE_AUTHENTICATION, answer, method)
      expect(connack).toMatchObject({ cmd: 'connack', reasonCode: 0 })
      expect(connack.properties?.authenticationMethod).toBe(method)
      expect(scram.trusts(connack.properties?.authenticationData)).toBe(true)
      const [{ session }] = test.broker.stack.clients
      expect([session.identity, session.groups]).toEqual([user, groups])
      await client.subscribe('a')
      await client.publish('a', 'b')
      expect((await client.message()).payload).toBe('b')
    }
  })
})

describe('SCRAM', () => {
  it.each([
    ['a wrong password', 'joe', 'guess'],
    ['a user who is not in the file', 'eve', 'secret'],
    ['a user without keys', 'old', 'secret'],
  ])('[MQTT-4.12.0-4] refuses %s, at the last step', async (_what, user, password) => {
    const client = (await setup()).open()
    const scram = new ScramClient(user, password)
    const challenge = await begin(client, scram.first())
    expect(challenge.cmd).toBe('auth')
    const answer = scram.final(challenge.properties?.authenticationData)
    const connack = await say(client, CONTINUE_AUTHENTICATION, answer)
    expect(connack).toMatchObject({ cmd: 'connack', reasonCode: ReasonCode.NOT_AUTHORIZED })
    await client.closed
  })

  it('asks a user who is not in the file as one who is: the same each time, after a restart too', async () => {
    const asked = async (test: Setup, user: string): Promise<string[]> => {
      const challenge = await begin(test.open(), new ScramClient(user, '').first())
      return String(challenge.properties?.authenticationData).split(',').slice(1)
    }
    const [before, after] = [await setup(), await setup()]
    const eve = await asked(before, 'eve')
    expect(eve).toEqual([expect.stringMatching(/^s=[A-Za-z0-9+/]{22}==$/), 'i=4096'])
    expect(await asked(before, 'eve')).toEqual(eve)
    expect(await asked(after, 'eve')).toEqual(eve)
    expect(await asked(after, 'old')).not.toEqual(eve)
  })

  it.each([
    ['nothing', ''],
    ['no header', 'n=joe,r=abc'],
    ['channel binding', 'p=tls-unique,,n=joe,r=abc'],
    ['no user', 'n,,n=,r=abc'],
    ['no nonce', 'n,,n=joe,r='],
    ['an extension that has to be known', 'n,,m=x,n=joe,r=abc'],
    ['a name with a bad escape', 'n,,n=jo=e,r=abc'],
    ['one who acts as another', 'n,a=jane,n=joe,r=abc'],
    ['a nonce that is too long', `n,,n=joe,r=${'x'.repeat(257)}`],
    ['more than 4 KiB', `n,,n=${'x'.repeat(5_000)},r=abc`],
  ])('refuses a first message of %s', async (_what, message) => {
    const client = (await setup()).open()
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
    const client = (await setup()).open()
    const scram = new ScramClient('joe', 'secret')
    const challenge = await begin(client, scram.first())
    const final = change(scram.final(challenge.properties?.authenticationData).toString())
    const connack = await say(client, CONTINUE_AUTHENTICATION, Buffer.from(final))
    expect(connack).toMatchObject({ cmd: 'connack', reasonCode: ReasonCode.NOT_AUTHORIZED })
  })

  it('refuses what was said to another', async () => {
    const test = await setup()
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

  it('lets in who acts as itself, and passes over extensions', async () => {
    const test = await setup()
    for (const first of ['y,a=joe,n=joe,r=abc', 'n,,n=joe,r=abc,x=y']) {
      expect((await begin(test.open(), Buffer.from(first))).cmd).toBe('auth')
    }
  })

  it('knows no other method, nor one that nobody has keys for', async () => {
    const [sha256] = [await scramKeys('secret', METHOD, 4_096)]
    const test = await setup(`joe:$6$x$y::${sha256}`)
    for (const method of ['SCRAM-SHA-1', 'SCRAM-SHA-512', 'constructor']) {
      const connack = await begin(test.open(), new ScramClient('joe', 'secret').first(), method)
      expect(connack.reasonCode).toBe(ReasonCode.BAD_AUTHENTICATION_METHOD)
    }
  })

  it('is nobody’s user name and password', async () => {
    const test = await setup()
    const named = await test.open().connect({ username: 'joe', password: 'secret' })
    expect(named.reasonCode).toBe(ReasonCode.BAD_USER_NAME_OR_PASSWORD)
    expect((await test.open().connect()).reasonCode).toBe(ReasonCode.NOT_AUTHORIZED)
  })
})

describe('a file that changes', () => {
  it('ends the connections of those who have other keys now, and lets nobody in by old ones', async () => {
    const test = await setup()
    const client = await joe(test)
    const late = test.open()
    const scram = new ScramClient('joe', 'secret')
    const challenge = await begin(late, scram.first())
    test.write(await line('joe', 'other'))
    await test.seconds(2)
    expect(await client.next('disconnect')).toMatchObject({ reasonCode: ReasonCode.ADMINISTRATIVE_ACTION })
    const answer = scram.final(challenge.properties?.authenticationData)
    expect(await say(late, CONTINUE_AUTHENTICATION, answer)).toMatchObject({
      cmd: 'connack',
      reasonCode: 0x87,
    })
  })
})

describe('re-authentication', () => {
  it('[MQTT-4.12.1-1] proves once more who the client is', async () => {
    const client = await joe(await setup())
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
    const client = await joe(await setup())
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

it('check says that nobody has keys, and fails as a start would', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scram-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'users')
  const users = new ScramAuth({ file })
  writeFileSync(file, 'joe:$6$x$y')
  expect(await users.check()).toEqual([
    `no user in ${file} has keys for SCRAM: mqtt-stack passwd ${file} NAME --scram`,
  ])
  writeFileSync(file, await line('joe', 'secret'))
  expect(await users.check()).toEqual([])
  writeFileSync(file, 'joe:$6$x$y::$scram-sha-256$x')
  await expect(users.check()).rejects.toMatchObject({ code: 'FILE_INVALID' })
})

it('another file holds from then on, for those who are connected and those who are about to be', async () => {
  const test = await setup()
  const { scram, other } = test
  const [stays, begun] = [await joe(test), test.open()]
  const jane = new ScramClient('jane, the =', 'pässword')
  const challenge = await begin(begun, jane.first())
  const [joes] = await LINES
  await scram.replace({ file: other(joes) })
  expect(stays.stream.destroyed).toBe(false)
  const answer = jane.final(challenge.properties?.authenticationData)
  expect((await say(begun, CONTINUE_AUTHENTICATION, answer)).reasonCode).toBe(ReasonCode.NOT_AUTHORIZED)
  await expect(scram.replace({ file: '/no/such' })).rejects.toThrow(
    'ScramAuth: cannot read /no/such: there is no such file: make it with mqtt-stack passwd /no/such NAME',
  )
  expect(scram.config.file).toMatch(/other$/)
  await joe(test)
})

it('by another file whoever is not in it as he was is closed', async () => {
  const test = await setup()
  const client = await joe(test)
  await test.scram.replace({ file: test.other((await LINES)[1]) })
  await client.closed
  expect(client.received.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x98 })
})
