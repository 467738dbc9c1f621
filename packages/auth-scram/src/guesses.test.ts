/** Guesses at a user of the file are counted by its name, under however many client identifiers they come. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listener } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import { RateLimit } from '@mqtt-stack/rate-limit'
import type { TestClient } from '@mqtt-stack/testing'
import { expect, it, onTestFinished } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { NO_LIMITS } from '../../../test/rig/no-limits.ts'
import { ScramClient } from '../../../test/support/scram-client.ts'
import { ScramAuth, scramKeys } from './index.ts'

const METHOD = 'SCRAM-SHA-256'
const HERE: Listener = { transport: 'tcp', local: false, remote: '192.0.2.1:1' }
const THERE: Listener = { transport: 'tcp', local: false, remote: '192.0.2.2:1' }

async function setup(failures: number): Promise<Broker5> {
  const folder = mkdtempSync(join(tmpdir(), 'scram-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'users')
  const lines = await Promise.all(
    ['joe', 'jane'].map(async (name) => `${name}:$6$x$y::${await scramKeys('right', METHOD, 4_096)}`),
  )
  writeFileSync(file, lines.join('\n'), { mode: 0o600 })
  const limits = new RateLimit({ ...NO_LIMITS, failures })
  const test = broker5({
    use: [
      { middleware: limits, before: 'authentication' },
      { middleware: new ScramAuth({ file }), after: 'authentication' },
    ],
    authorize: false,
  })
  await test.broker.start()
  return test
}

/** Tries a password; the reason code of the end, however long it takes. */
async function tries(
  test: Broker5,
  user: string,
  password: string,
  listener: Listener = HERE,
): Promise<number | undefined> {
  const client = test.open({ listener })
  const scram = new ScramClient(user, password)
  client.connect({ properties: properties(scram.first()) }).catch(() => {})
  return await answer(test, client, scram, ReasonCode.CONTINUE_AUTHENTICATION)
}

/** Goes on with what was begun, to its end. */
async function answer(
  test: Broker5,
  client: TestClient,
  scram: ScramClient,
  reasonCode: number,
): Promise<number | undefined> {
  const before = client.received.length
  await test.seconds(5)
  const challenge = client.received[before]
  if (challenge?.cmd !== 'auth') return (challenge as { reasonCode?: number } | undefined)?.reasonCode
  client.send({
    cmd: 'auth',
    reasonCode,
    properties: properties(scram.final(challenge.properties?.authenticationData)),
  })
  await test.seconds(1)
  return (client.received[before + 1] as { reasonCode?: number } | undefined)?.reasonCode
}

function properties(data: Uint8Array) {
  return { authenticationMethod: METHOD, authenticationData: Buffer.from(data) }
}

it.each([
  ['that is in the file', 'joe'],
  ['that nobody has', 'eve'],
])('a name %s is refused after too many, before there is a challenge for it', async (_, user) => {
  const test = await setup(6)
  for (let i = 0; i < 6; i++) expect(await tries(test, user, 'wrong')).toBe(ReasonCode.NOT_AUTHORIZED)
  expect(await tries(test, user, 'right')).toBe(ReasonCode.BANNED)
  expect(await tries(test, 'jane', 'right')).toBe(0)
  expect(await tries(test, user, 'right', THERE)).toBe(user === 'joe' ? 0 : ReasonCode.NOT_AUTHORIZED)
})

it('a name that is written in another way is the same', async () => {
  const test = await setup(6)
  for (const user of ['joe', 'j\u00adoe', 'jo\u200de', 'ｊoe', 'joe\u2060', 'joe'])
    expect(await tries(test, user, 'wrong')).toBe(ReasonCode.NOT_AUTHORIZED)
  expect(await tries(test, 'joe', 'right')).toBe(ReasonCode.BANNED)
})

it('the success of another user takes back none of them', async () => {
  const test = await setup(6)
  for (let i = 0; i < 5; i++) await tries(test, 'joe', 'wrong')
  expect(await tries(test, 'jane', 'right')).toBe(0)
  expect(await tries(test, 'joe', 'wrong')).toBe(ReasonCode.NOT_AUTHORIZED)
  expect(await tries(test, 'joe', 'right')).toBe(ReasonCode.BANNED)
})

it('a client that authenticates again as another user guesses at that', async () => {
  const test = await setup(3)
  for (let i = 0; i < 3; i++) {
    const client = test.open({ listener: HERE })
    const jane = new ScramClient('jane', 'right')
    client.connect({ properties: properties(jane.first()) }).catch(() => {})
    expect(await answer(test, client, jane, ReasonCode.CONTINUE_AUTHENTICATION)).toBe(0)
    const joe = new ScramClient('joe', 'wrong')
    client.send({
      cmd: 'auth',
      reasonCode: ReasonCode.RE_AUTHENTICATE,
      properties: properties(joe.first()),
    })
    expect(await answer(test, client, joe, ReasonCode.CONTINUE_AUTHENTICATION)).toBe(
      ReasonCode.NOT_AUTHORIZED,
    )
  }
  expect(await tries(test, 'joe', 'right')).toBe(ReasonCode.BANNED)
  expect(await tries(test, 'jane', 'right')).toBe(0)
})
