/** Other options while it runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { PasswordAuth } from './index.ts'

/** `secret` and `other`, as Mosquitto 1.6 keeps them: verified without a thread. */
const SECRET =
  '$6$c2FsdHNhbHQ=$aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6Q=='
const OTHER = `$6$c2FsdHNhbHQ=$${Buffer.alloc(64).toString('base64')}`

async function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'password-auth-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = (name: string, text?: string): string => {
    const path = join(folder, name)
    if (text !== undefined) writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const users = new PasswordAuth({ file: file('one', `alice:${SECRET}\nbob:${SECRET}\ncarol:${SECRET}`) })
  const rig = broker5({ use: [{ middleware: users, after: 'authentication' }], authorize: false })
  await rig.broker.start()
  const connack = async (username: string) =>
    (await rig.open().connect({ username, password: 'secret' })).reasonCode
  return { ...rig, users, file, connack }
}

describe('another file', () => {
  it('holds for whoever comes, and closes those alone whose line it has otherwise, or not at all', async () => {
    const { users, file, client, connack, broker, seconds } = await setup()
    for (const username of ['alice', 'bob', 'carol']) await client({ username, password: 'secret' })
    await users.replace({ file: file('two', `alice:${SECRET}\nbob:${OTHER}\ndave:${SECRET}`) })
    await seconds(0)
    expect([...broker.stack.clients].map(({ session }) => session.identity)).toEqual(['alice'])
    expect([await connack('dave'), await connack('bob'), await connack('carol')]).toEqual([0, 0x86, 0x86])
  })

  it('is watched in place of the one before', async () => {
    const { users, file, connack, seconds, client, broker } = await setup()
    await client({ username: 'alice', password: 'secret' })
    await users.replace({ file: file('two', `alice:${SECRET}`) })
    file('one', `bob:${SECRET}`)
    file('two', `dave:${SECRET}`)
    await seconds(2)
    expect([await connack('dave'), await connack('bob')]).toEqual([0, 0x86])
    expect([...broker.stack.clients].map(({ session }) => session.identity)).toEqual(['dave'])
  })

  it('that cannot be used changes nothing', async () => {
    const { users, file, connack } = await setup()
    const missing = file('two')
    await expect(users.replace({ file: missing })).rejects.toThrow(
      `PasswordAuth: cannot read ${missing}: there is no such file: make it with mqtt-stack passwd ${missing} NAME`,
    )
    expect([await connack('alice'), users.config.file]).toEqual([0, file('one')])
  })
})

it('more verifications at a time begin at once with those who wait', async () => {
  const { users, file, open, seconds } = await setup()
  const slow = `$7$400000$c2FsdHNhbHQ=$${Buffer.alloc(64).toString('base64')}`
  await users.replace({ file: file('slow', `alice:${slow}`), verifications: 1 })
  for (let i = 0; i < 3; i++)
    open()
      .connect({ username: 'alice', password: 'x' })
      .catch(() => {})
  await seconds(0)
  expect(users.stats).toMatchObject({ running: 1, waiting: 2 })
  await users.replace({ file: file('slow'), verifications: 3 })
  expect(users.stats).toMatchObject({ running: 3, waiting: 0 })
})
