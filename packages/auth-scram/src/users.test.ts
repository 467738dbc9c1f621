/** Users that are listed and changed while the broker runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseUsers } from '@mqtt-stack/core/users'
import type { TestClient } from '@mqtt-stack/testing'
import { expect, it, onTestFinished } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { ScramClient } from '../../../test/support/scram-client.ts'
import { PasswordAuth } from '../../auth-password/src/index.ts'
import { ScramAuth, scramKeys } from './index.ts'

const provider = 'ScramAuth'
/** As Mosquitto 1.6 keeps a password. */
const HASH = `$6$eA==$${Buffer.alloc(64).toString('base64')}`
const METHOD = 'SCRAM-SHA-256'

interface Setup extends Broker5 {
  readonly path: string
  /** Connects by SCRAM; the reason code of CONNACK. */
  enter(user: string, password: string): Promise<{ client: TestClient; code: number }>
}

async function setup(text: string): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), 'scram-users-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'users')
  writeFileSync(path, text, { mode: 0o600 })
  const scram = new ScramAuth({ file: path })
  const rig = broker5({
    use: [{ middleware: scram, after: 'authentication' }],
    authorize: false,
  })
  await rig.broker.start()
  return Object.assign(rig, {
    path,
    async enter(user: string, password: string) {
      const client = rig.open({ patience: 5_000 })
      const scram = new ScramClient(user, password)
      const properties = { authenticationMethod: METHOD, authenticationData: Buffer.from(scram.first()) }
      const connack = client.connect({ properties })
      const challenge = await client.next('auth')
      const authenticationData = Buffer.from(scram.final(challenge.properties?.authenticationData))
      client.send({
        cmd: 'auth',
        reasonCode: 0x18,
        properties: { authenticationMethod: METHOD, authenticationData },
      })
      return { client, code: (await connack).reasonCode as number }
    },
  })
}

it('lists those who have keys, without what is secret', async () => {
  const keys = await scramKeys('secret', METHOD, 4_096)
  const { broker } = await setup(`# who\njoe:${HASH}:staff:${keys}\nold:${HASH}\n`)
  expect(await broker.stack.call('lookupUsers', { limit: 9, provider })).toEqual([
    { name: 'joe', groups: ['staff'], provider },
  ])
  expect(await broker.stack.call('removeUser', { provider, name: 'old' })).toEqual({
    asked: true,
    existed: false,
  })
  await expect(broker.stack.call('storeUser', { provider, name: 'old', groups: ['a'] })).rejects.toThrow(
    'ScramAuth: "old" has no keys for SCRAM: give it a password',
  )
})

it('adds, changes and removes users, which holds at once, and closes those who are others now', async () => {
  const { broker, path, enter } = await setup('# who\n')
  const call = broker.stack.call.bind(broker.stack)
  expect(await call('storeUser', { provider, name: 'joe', password: 'secret', groups: ['staff'] })).toEqual({
    stored: true,
    existed: false,
  })
  const first = await enter('joe', 'secret')
  expect(first.code).toBe(0)
  // The line has a hash of the same password, which PasswordAuth can use.
  expect(await new PasswordAuth({ file: path }).check()).toEqual([])
  expect(await call('storeUser', { provider, name: 'joe', password: 'other' })).toEqual({
    stored: true,
    existed: true,
  })
  await first.client.closed
  expect((await enter('joe', 'secret')).code).toBe(0x87)
  const second = await enter('joe', 'other')
  expect(second.code).toBe(0)
  expect(readFileSync(path, 'utf8')).toMatch(
    /^# who\njoe:\$scrypt\$[^:]+:staff(:\$scram-sha-\d+\$[^:]+){2}\n$/,
  )
  expect(await call('removeUser', { provider, name: 'joe' })).toEqual({ asked: true, existed: true })
  await second.client.closed
  expect(readFileSync(path, 'utf8')).toBe('# who\n')
})

it('makes keys for the methods that a user had keys for', async () => {
  const keys = await scramKeys('secret', 'SCRAM-SHA-512', 4_096)
  const { broker, path } = await setup(`joe:${HASH}:staff:${keys}\n`)
  await broker.stack.call('storeUser', { provider, name: 'joe', password: 'other' })
  const joe = parseUsers(readFileSync(path), path).get('joe')
  expect(joe).toMatchObject({
    groups: ['staff'],
    keys: [expect.stringMatching(/^\$scram-sha-512\$i=15000\$/)],
  })
})

it('writes nothing that could not be read again, and nothing over a broken file', async () => {
  const { broker, path } = await setup('')
  const store = (name: string): Promise<unknown> =>
    broker.stack.call('storeUser', { provider, name, password: 'secret' })
  await store('Ren\u00e9')
  const before = readFileSync(path, 'utf8')
  await expect(store('Rene\u0301')).rejects.toThrow(
    `${path}:2: "Rene\u0301" is the same name to SCRAM as that of line 1: rename one of the two`,
  )
  expect(readFileSync(path, 'utf8')).toBe(before)
  const broken = `${before}broken\n`
  writeFileSync(path, broken)
  const message = `${path}:2: has no ":": write it with mqtt-stack passwd ${path} NAME`
  await expect(store('ann')).rejects.toThrow(expect.objectContaining({ code: 'FILE_INVALID', message }))
  expect(readFileSync(path, 'utf8')).toBe(broken)
  // What was in force stays so.
  expect(await broker.stack.call('lookupUsers', { limit: 9, provider })).toHaveLength(1)
})

it('has changes that come together one after the other', async () => {
  const { broker } = await setup('')
  const names = ['a', 'b', 'c']
  await Promise.all(
    names.map((name) => broker.stack.call('storeUser', { provider, name, password: 'secret' })),
  )
  const users = await broker.stack.call('lookupUsers', { limit: 9, provider })
  expect(users.map(({ name }) => name)).toEqual(names)
})
