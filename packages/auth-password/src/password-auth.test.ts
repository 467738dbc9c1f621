import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrokerOptions } from '@mqtt-stack/broker'
import { ReasonCode } from '@mqtt-stack/core'
import type { ConnectOptions, TestClient } from '@mqtt-stack/testing'
import { connectAsync } from 'mqtt'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5, listeningBroker } from '../../../test/rig/broker.ts'
import type { PasswordAuthOptions } from './index.ts'
import { hashPassword, PasswordAuth } from './index.ts'

/** `secret`, as Mosquitto 1.6 keeps it: verified without a thread, so that a virtual clock knows when all is quiet. */
const SECRET =
  '$6$c2FsdHNhbHQ=$aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6Q=='
/** Of a password that nobody knows, with so much work, on a thread, that others come meanwhile. */
const SLOW = `$7$400000$c2FsdHNhbHQ=$${Buffer.alloc(64).toString('base64')}`
const { BAD_USER_NAME_OR_PASSWORD, SERVER_BUSY, ADMINISTRATIVE_ACTION } = ReasonCode

interface Setup extends Broker5 {
  users: PasswordAuth
  write(text: string): void
  /** A client whose CONNECT was handled as far as no thread is waited for. */
  begin(options: ConnectOptions): Promise<TestClient>
}

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'password-auth-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'users')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

const withUsers = (users: PasswordAuth): BrokerOptions => ({
  use: [{ middleware: users, after: 'authentication' }],
  authorize: false,
})

async function setup(text: string, options: Omit<PasswordAuthOptions, 'file'> = {}): Promise<Setup> {
  const file = fileOf(text)
  const users = new PasswordAuth({ file, ...options })
  const test = broker5(withUsers(users))
  await test.broker.start()
  async function begin(given: ConnectOptions): Promise<TestClient> {
    const client = test.open()
    client.connect(given).catch(() => {})
    await test.seconds(0)
    return client
  }
  return { ...test, users, begin, write: (lines) => writeFileSync(file, lines) }
}

/** For threads of a machine that has much to do. */
const LONG = { timeout: 20_000 }

/** The reason codes of the CONNACKs that came. */
const codes = ({ received }: TestClient): unknown[] =>
  received.map((packet) => packet.cmd === 'connack' && packet.reasonCode)

const alice = { username: 'alice', password: 'secret' }

it('tells the log alone why somebody is not let in', async () => {
  const { users, logger, open } = await setup(`alice:${SECRET}\n`)
  const clients = []
  for (const given of [
    { username: 'alice', password: 'wrong' },
    { username: 'alice' },
    { username: 'bob', password: 'x' },
  ]) {
    const client = open()
    clients.push(client)
    await client.connect(given)
  }
  expect(logger.events('client.refused').map(({ cause }) => cause)).toEqual([
    'PasswordAuth: the password is wrong',
    'PasswordAuth: no password was given',
    'PasswordAuth: no such user',
  ])
  const said = clients.map(({ received }) => JSON.stringify(received))
  expect(said.every((text) => text === said[0] && text.includes('not authenticated'))).toBe(true)
  expect(users.stats.refused).toBe(0)
})

it('knows the groups of its users without their passwords, for explain', async () => {
  const { users, broker } = await setup(`alice:${SECRET}:staff,night\n`)
  expect([users.groupsOf('alice'), users.groupsOf('bob')]).toEqual([['staff', 'night'], undefined])
  const asked = await broker.explain({ user: 'alice', publish: 'a' })
  expect(asked.who).toBe('user alice, groups staff night')
})

describe('by user name and password', () => {
  it('a user of the file is let in, with its name and its groups', async () => {
    const { client, broker } = await setup(`alice:${SECRET}:staff,night`)
    await client(alice)
    const [{ session }] = broker.stack.clients
    expect([session.identity, session.groups]).toEqual(['alice', ['staff', 'night']])
  })

  it.each([
    ['a wrong password', { username: 'alice', password: 'Secret' }],
    ['an empty password', { username: 'alice', password: '' }],
    ['no password', { username: 'alice' }],
    ['a name that is not in the file', { username: 'eve', password: 'secret' }],
    ['such a name without a password', { username: 'eve' }],
    ['another case', { username: 'Alice', password: 'secret' }],
    ['the hash', { username: 'alice', password: SECRET }],
  ])('%s is refused in the same words', async (_case, given) => {
    const { open } = await setup(`alice:${SECRET}`)
    expect(await open().connect(given)).toMatchObject({
      reasonCode: BAD_USER_NAME_OR_PASSWORD,
      properties: { reasonString: 'not authenticated' },
    })
    expect(await open({ protocolVersion: 4 }).connect(given)).toMatchObject({ returnCode: 4 })
  })

  it('a name that is not in the file, and clients without a name, are left to others', async () => {
    const users = new PasswordAuth({ file: fileOf(`alice:${SECRET}`) })
    const other = {
      name: 'Other',
      authenticateConnection(_ctx: object, store: { valid?: boolean }) {
        store.valid = true
      },
    }
    const { client, open } = broker5({
      use: [users, other].map((middleware) => ({ middleware, after: 'authentication' })),
      authorize: false,
    })
    await client({ username: 'eve', password: 'x' })
    await client()
    expect((await open().connect({ username: 'alice', password: 'x' })).reasonCode).toBe(
      BAD_USER_NAME_OR_PASSWORD,
    )
  })

  it('a name that is not in the file takes a verification as well', async () => {
    const { begin, users } = await setup(`alice:${SLOW}`)
    const eve = await begin({ username: 'eve', password: 'secret' })
    expect(users.stats).toMatchObject({ running: 1 })
    await vi.waitFor(() => expect(codes(eve)).toEqual([BAD_USER_NAME_OR_PASSWORD]), LONG)
  })

  it('nobody is known where the file is empty', async () => {
    const { open, logger } = await setup('')
    expect((await open().connect(alice)).reasonCode).toBe(BAD_USER_NAME_OR_PASSWORD)
    expect(logger.lines.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^PasswordAuth: there is no user in .*: add one with mqtt-stack passwd/),
    )
  })

  it('a password may have any bytes, and MQTT.js finds its way in', async () => {
    const file = fileOf(`joe:${await hashPassword('pässwörd')}`)
    const broker = await listeningBroker(withUsers(new PasswordAuth({ file })))
    const { url } = broker.addresses[0]
    for (const protocolVersion of [4, 5] as const) {
      const options = { protocolVersion, reconnectPeriod: 0, username: 'joe' }
      const client = await connectAsync(url, { ...options, password: 'pässwörd' })
      await client.publishAsync('a', 'b', { qos: 1 })
      await client.endAsync()
      await expect(connectAsync(url, { ...options, password: 'pässword' })).rejects.toMatchObject({
        code: protocolVersion === 5 ? BAD_USER_NAME_OR_PASSWORD : 4,
      })
    }
  })
})

describe('too many at a time', () => {
  it('are told that the server is busy', async () => {
    const { begin, open, users, broker } = await setup(`alice:${SLOW}`, { verifications: 1, waiting: 1 })
    const told: string[] = []
    broker.on('clientRefused', ({ reason }) => told.push(String(reason)))
    const [first, second] = [await begin(alice), await begin(alice)]
    expect((await open().connect(alice)).reasonCode).toBe(SERVER_BUSY)
    expect((await open({ protocolVersion: 4 }).connect(alice)).returnCode).toBe(3)
    expect(users.stats).toEqual({ running: 1, waiting: 1, refused: 2 })
    const reason = 'too many clients wait for their passwords to be verified: try again later'
    expect(told).toEqual([reason, reason])
    for (const client of [first, second]) {
      await vi.waitFor(() => expect(codes(client)).toEqual([BAD_USER_NAME_OR_PASSWORD]), LONG)
    }
    expect(users.stats).toEqual({ running: 0, waiting: 0, refused: 2 })
  })

  it('leave room again when they hang up', async () => {
    const { begin, users } = await setup(`alice:${SLOW}`, { verifications: 1, waiting: 1 })
    await begin(alice)
    await (await begin(alice)).drop()
    const third = await begin(alice)
    expect(users.stats).toEqual({ running: 1, waiting: 1, refused: 0 })
    await vi.waitFor(() => expect(codes(third)).toEqual([BAD_USER_NAME_OR_PASSWORD]), LONG)
  })
})

describe('a file that changes', () => {
  it('lets in who is new, and ends the connections of those who are gone or changed', async () => {
    const { client, open, write, seconds } = await setup(
      ['alice', 'bob', 'carol', 'dave'].map((name) => `${name}:${SECRET}`).join('\n'),
    )
    const [a, b, c, d] = await Promise.all(
      ['alice', 'bob', 'carol', 'dave'].map((username) => client({ username, password: 'secret' })),
    )
    const changed = `$6$c2FsdHNhbHQ=$np81kEAwFwf69ROcoeBlazcifNQiXT2q5TBM5Q2peQ+4Uc+G1RgB01dwZE5PDDyvJCbcdfqEmWnOE7wQ+Swwcg==`
    write(`eve:${SECRET}\nalice:${SECRET}\nbob:${changed}\ncarol:${SECRET}:staff\n`)
    await seconds(2)
    for (const gone of [b, c, d]) {
      expect(await gone.next('disconnect')).toMatchObject({
        reasonCode: ADMINISTRATIVE_ACTION,
        properties: { reasonString: 'the user was changed or removed' },
      })
      await gone.closed
    }
    await a.ping()
    await client({ username: 'eve', password: 'secret' })
    await client({ username: 'bob', password: 'changed' })
    expect((await open().connect({ username: 'dave', password: 'secret' })).reasonCode).toBe(
      BAD_USER_NAME_OR_PASSWORD,
    )
  })

  it('and cannot be used is logged, and changes nothing', async () => {
    const { client, write, seconds, logger } = await setup(`alice:${SECRET}`)
    const before = await client(alice)
    write(`alice:${SECRET}\nbob:$7$x`)
    await seconds(5)
    await before.ping()
    await client(alice)
    const errors = logger.lines.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors).toEqual([
      expect.stringMatching(
        /^PasswordAuth: .*users was changed and cannot be used, what it held before stays: .*users:2: the hash of "bob" is not of the form \$7\$ITERATIONS\$SALT\$HASH: mqtt-stack passwd .*users bob$/,
      ),
    ])
  })

  it('lets nobody in by what it held when the password began to be verified', async () => {
    const hash = await hashPassword('secret', () => Promise.reject(new Error('scrypt takes longer')))
    const { begin, write, seconds } = await setup(`alice:${hash}`)
    const late = await begin(alice)
    write('')
    await seconds(2)
    await vi.waitFor(() => expect(codes(late)).toEqual([BAD_USER_NAME_OR_PASSWORD]), LONG)
  })
})

describe('check', () => {
  it.each([
    ['', 'there is no user in FILE: mqtt-stack passwd FILE NAME'],
    [`alice:${SLOW}`, undefined],
    [
      ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}:${SECRET}`).join('\n'),
      'whoever gets hold of FILE can try passwords of a, b, c and 2 more quickly (SHA-512, or few iterations): mqtt-stack passwd FILE NAME',
    ],
    [
      `alice:${SLOW.replace('400000', '101')}`,
      'whoever gets hold of FILE can try passwords of alice quickly (SHA-512, or few iterations): mqtt-stack passwd FILE NAME',
    ],
  ])('says what is weak in the file: %j', async (text, weakness) => {
    const file = fileOf(text)
    const found = await new PasswordAuth({ file }).check()
    expect(found).toEqual(weakness === undefined ? [] : [weakness.replaceAll('FILE', file)])
  })

  it('fails as a start would', async () => {
    const file = fileOf('alice')
    await expect(new PasswordAuth({ file }).check()).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })
})

describe('a file that cannot be used at start', () => {
  it('stops the start', async () => {
    const file = fileOf(`alice:${SECRET}\nbob:$1$x`)
    const { broker } = broker5(withUsers(new PasswordAuth({ file })))
    await expect(broker.start()).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: `${file}:2: the hash of "bob" is of no kind that is known ($argon2id$, $scrypt$, $7$ and $6$): mqtt-stack passwd ${file} bob`,
    })
  })
})
