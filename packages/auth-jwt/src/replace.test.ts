/** Other options while it runs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import { SECRET, token } from '../../../test/support/tokens.ts'
import { JwtAuth } from './index.ts'

const NEW = 'another secret, which is as long as it has to be for HS512 and so on, and longer still'

async function setup() {
  const jwt = new JwtAuth({ algorithms: ['HS256'], key: SECRET })
  const rig = broker5({ use: [{ middleware: jwt, after: 'authentication' }], authorize: false })
  await rig.broker.start()
  const connack = async (password: string) =>
    (await rig.open({ patience: 10_000 }).connect({ username: 'joe', password })).reasonCode
  return { ...rig, jwt, connack }
}

describe('other options', () => {
  test('hold for tokens that come, and drop nobody', async () => {
    const { jwt, connack, broker } = await setup()
    expect(await connack(token())).toBe(0)
    await jwt.replace({ algorithms: ['HS256'], key: NEW, usernameClaim: 'name' })
    expect(await connack(token())).toBe(0x86)
    expect(await connack(token({ name: 'bob' }, { key: NEW }))).toBe(0)
    expect([...broker.stack.clients].map(({ session }) => session.identity)).toEqual(['alice', 'bob'])
  })

  test('may have rights in tokens, and have none again', async () => {
    const { jwt, broker } = await setup()
    expect(broker.stack.answers('sendMessage')).toBe(false)
    await jwt.replace({ algorithms: ['HS256'], key: SECRET, rightsClaim: 'mqtt' })
    expect([broker.stack.answers('sendMessage'), broker.stack.answers('authorizePacket')]).toEqual([
      true,
      true,
    ])
    await jwt.replace({ algorithms: ['HS256'], key: SECRET })
    expect([broker.stack.answers('sendMessage'), broker.stack.answers('authorizePacket')]).toEqual([
      false,
      false,
    ])
  })

  test('may name a key file, which is watched then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jwt-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const keyFile = join(folder, 'key')
    writeFileSync(keyFile, NEW)
    const { jwt, connack, seconds } = await setup()
    await jwt.replace({ algorithms: ['HS256'], keyFile })
    expect([await connack(token({}, { key: NEW })), await connack(token())]).toEqual([0, 0x86])
    writeFileSync(keyFile, SECRET)
    await seconds(2)
    expect(await connack(token())).toBe(0)
    await jwt.replace({ algorithms: ['HS256'], key: NEW })
    writeFileSync(keyFile, `${SECRET}2`)
    await seconds(2)
    expect(await connack(token({}, { key: NEW }))).toBe(0)
  })

  test('that cannot be used change nothing', async () => {
    const { jwt, connack } = await setup()
    await expect(jwt.replace({ algorithms: ['HS256'], keyFile: '/no/such' })).rejects.toThrow(
      'JwtAuth: key file "/no/such" cannot be read: there is no such file',
    )
    await expect(jwt.replace({ algorithms: ['HS256'] })).rejects.toThrow(
      'JwtAuth: give exactly one of the options "key", "keyFile" and "jwksUrl", not 0',
    )
    expect([await connack(token()), jwt.config.key]).toEqual([0, SECRET])
  })
})

test('check() looks at the key file', async () => {
  const jwt = new JwtAuth({ algorithms: ['HS256'], keyFile: '/no/such' })
  await expect(jwt.check()).rejects.toThrow(
    'JwtAuth: key file "/no/such" cannot be read: there is no such file',
  )
  expect(await new JwtAuth({ algorithms: ['HS256'], key: SECRET }).check()).toEqual([])
})
