/** Nothing comes of a question: nobody counts, renews or keeps anything. Real providers and limits. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JwtAuth } from '@mqtt-stack/auth-jwt'
import { PasswordAuth } from '@mqtt-stack/auth-password'
import { ScramAuth, scramKeys } from '@mqtt-stack/auth-scram'
import type { Listener } from '@mqtt-stack/core'
import { RateLimit } from '@mqtt-stack/rate-limit'
import { expect, onTestFinished, test } from 'vitest'
import { broker5 } from '../../../../test/rig/broker.ts'
import { NO_LIMITS } from '../../../../test/rig/no-limits.ts'
import { NOW, SECRET, token } from '../../../../test/support/tokens.ts'

/** `secret`, as Mosquitto 1.6 keeps it. */
const HASH =
  '$6$c2FsdHNhbHQ=$aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6Q=='
const FAR: Listener = { transport: 'tcp', local: false, remote: '192.0.2.1:1' }

async function fileOf(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'explain-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const keys = await scramKeys('secret', 'SCRAM-SHA-256', 4_096)
  writeFileSync(join(folder, 'users'), `alice:${HASH}::${keys}`, { mode: 0o600 })
  return join(folder, 'users')
}

test('wrong passwords that are asked about are no failures of anybody', async () => {
  const limits = new RateLimit({ ...NO_LIMITS, failures: 1, failuresPerAddress: 1, failuresPerName: 1 })
  const users = new PasswordAuth({ file: await fileOf(), verifications: 1, waiting: 0 })
  const { broker, open } = broker5({
    use: [
      { middleware: limits, before: 'authentication' },
      { middleware: users, after: 'authentication' },
    ],
    authorize: false,
  })
  const ask = (password: string) =>
    broker.explain({ user: 'alice', address: '192.0.2.1', connect: { password } })
  const wrong = await Promise.all(Array.from({ length: 10 }, () => ask('wrong')))
  expect(wrong.map(({ allowed }) => allowed)).not.toContain(true)
  expect(await ask('secret')).toMatchObject({ allowed: true })
  expect(users.stats).toEqual({ running: 0, waiting: 0, refused: 0 })
  const alice = open({ listener: FAR })
  expect(await alice.connect({ username: 'alice', password: 'secret' })).toMatchObject({ reasonCode: 0 })
  expect(broker.stack.clients.size).toBe(1)
})

test('connections that are asked about are not counted', async () => {
  const limits = new RateLimit({
    ...NO_LIMITS,
    connections: 1,
    connectionsPerAddress: 1,
    connectRate: 1,
    connectRatePerAddress: 1,
    burst: 1,
  })
  const { broker, open } = broker5({
    use: [{ middleware: limits, before: 'authentication' }],
    allowAnonymous: true,
  })
  for (let i = 0; i < 5; i++)
    expect(await broker.explain({ address: '192.0.2.1', connect: true })).toMatchObject({ allowed: true })
  expect(await open({ listener: FAR }).connect()).toMatchObject({ reasonCode: 0 })
})

test('a token that is asked about renews nothing', async () => {
  const jwt = new JwtAuth({ algorithms: ['HS256'], key: SECRET })
  const { broker, open, seconds } = broker5({
    use: [{ middleware: jwt, after: 'authentication' }],
    authorize: false,
  })
  const lamp = open({ clientId: 'lamp', patience: 10_000 })
  await lamp.connect({ username: 'x', password: token({ exp: NOW + 60 }) })
  const password = token({ exp: NOW + 3_600 })
  expect(await broker.explain({ client: 'lamp', user: 'alice', connect: { password } })).toMatchObject({
    allowed: true,
  })
  await seconds(70)
  await lamp.closed
  expect(lamp.received.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 })
})

test('SCRAM begins no exchange: who is asked about shows no password', async () => {
  const scram = new ScramAuth({ file: await fileOf() })
  const { broker } = broker5({ use: [{ middleware: scram, after: 'authentication' }], authorize: false })
  const answer = await broker.explain({ user: 'alice', connect: { password: 'secret' } })
  expect([answer.allowed, answer.steps]).toEqual([false, []])
})

test('who would be refused for a limit is told so, and nothing is counted', async () => {
  const limits = new RateLimit({ ...NO_LIMITS, connectionsPerAddress: 1, failures: 1 })
  const users = new PasswordAuth({ file: await fileOf() })
  const { broker, open } = broker5({
    listeners: [
      { transport: 'tcp', port: 0, name: 'world', limits: { connections: 0 } },
      { transport: 'tcp', port: 0, name: 'house', limits: { connectionsPerAddress: 0, failures: 0 } },
    ],
    use: [
      { middleware: limits, before: 'authentication' },
      { middleware: users, after: 'authentication' },
    ],
    authorize: false,
  })
  await broker.listen()
  const ask = async (listener: string, address = '192.0.2.1') => {
    const question = { user: 'alice', address, listener, connect: { password: 'secret' } }
    const { allowed, reason, steps } = await broker.explain(question)
    return [allowed, reason, steps.map(({ middleware }) => middleware)]
  }
  expect(await ask('world')).toEqual([true, 'PasswordAuth: says yes', ['PasswordAuth']])
  const alice = open({ listener: FAR })
  await alice.connect({ username: 'alice', password: 'secret' })
  for (let i = 0; i < 3; i++)
    expect(await ask('world')).toEqual([
      false,
      'RateLimit: more than 1 connections of one address (connectionsPerAddress)',
      ['RateLimit', 'PasswordAuth'],
    ])
  expect((await ask('world', '192.0.2.2'))[0]).toBe(true)
  expect((await ask('house'))[0]).toBe(true)
  await alice.drop()
  expect((await ask('world'))[0]).toBe(true)
  await open({ listener: FAR }).connect({ username: 'alice', password: 'wrong' })
  expect(await ask('world')).toEqual([
    false,
    'RateLimit: too many failed authentications of this address with this user name (failures)',
    ['RateLimit', 'PasswordAuth'],
  ])
  expect((await ask('house'))[0]).toBe(true)
})
