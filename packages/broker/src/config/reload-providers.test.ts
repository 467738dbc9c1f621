/** Providers of a configuration that is read again: real packages, MQTT.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SECRET } from '../../../../test/support/tokens.ts'
import { createBrokerFrom } from '../create-broker-from.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }
/** `secret`, as Mosquitto 1.6 keeps it. */
const HASH =
  '$6$c2FsdHNhbHQ=$aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6Q=='
const ONE = 'listeners:\n  - { listen: "mqtt://127.0.0.1:0" }\n'
const ALLOWED = 'acl: { rules: [{ allow: [publish, subscribe], topic: "#" }] }\n'

async function running(text: string, files: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  const file = join(folder, 'broker.yaml')
  for (const [name, contents] of Object.entries({ ...files, 'broker.yaml': text }))
    writeFileSync(join(folder, name), contents, { mode: 0o600 })
  const broker = await createBrokerFrom(file, { stack: { logger: QUIET } })
  onTestFinished(async () => {
    await broker.close()
    rmSync(folder, { recursive: true })
  })
  await broker.listen()
  const connect = async (options: IClientOptions = {}): Promise<MqttClient | number> => {
    const { url } = broker.addresses[0]
    const client = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5, ...options }).catch(
      ({ code }: { code: number }) => code,
    )
    if (typeof client !== 'number') onTestFinished(() => void client.end(true))
    return client
  }
  const reload = (next: string) => {
    writeFileSync(file, next)
    return broker.reload()
  }
  return { broker, connect, reload }
}

const alice = { username: 'alice', password: 'secret' }
const passwords = (file: string): string => `${ONE}${ALLOWED}auth: { password: { file: ${file} } }\n`

test('another file of users holds, and drops nobody who is in it too', async () => {
  const files = { one: `alice:${HASH}`, two: `alice:${HASH}\nbob:${HASH}` }
  const { connect, reload } = await running(passwords('one'), files)
  const client = (await connect(alice)) as MqttClient
  expect(await connect({ ...alice, username: 'bob' })).toBe(0x86)
  expect(await reload(passwords('two'))).toEqual({ applied: ['auth.password'], kept: [] })
  expect(await connect({ ...alice, username: 'bob' })).not.toBe(0x86)
  await client.publishAsync('a', '', { qos: 1 })
})

test('one that is not there is named with its line, and changes nothing: neither rules nor listeners', async () => {
  const { broker, connect, reload } = await running(passwords('one'), { one: `alice:${HASH}` })
  const { addresses } = broker
  const text = passwords('two')
    .replace('"#"', 'none')
    .replace(' }\n', ' }\n  - { listen: "mqtt://127.0.0.1:0" }\n')
  await expect(reload(text)).rejects.toThrow(
    /^broker\.yaml:5:9: auth\.password: PasswordAuth: cannot read .*two: there is no such file/,
  )
  expect(broker.addresses).toEqual(addresses)
  await ((await connect(alice)) as MqttClient).publishAsync('a', '', { qos: 1 })
})

test('options of all others hold', async () => {
  const text = (key: string, name: string, url: string): string =>
    `${ONE}${ALLOWED}auth:\n  jwt: { algorithms: [HS256], key: "${key}" }\n  certificate: { username: ${name} }\n  http: { authenticate: "${url}" }\n`
  const { reload } = await running(text(SECRET, 'cn', 'http://127.0.0.1:1/a'))
  expect(await reload(text(`${SECRET}2`, 'dns', 'http://127.0.0.1:1/b'))).toEqual({
    applied: ['auth.jwt', 'auth.certificate', 'auth.http'],
    kept: [],
  })
})

describe('clients without a name', () => {
  const anonymous = (where: string): string => `${passwords('one')}`.replace('{ pass', `{ ${where}pass`)
  const files = { one: `alice:${HASH}` }

  test('may be let in, and be refused again, and nobody is dropped', async () => {
    const { connect, reload } = await running(anonymous(''), files)
    expect(await connect()).toBe(0x87)
    expect(await reload(anonymous('anonymous: local, '))).toEqual({ applied: ['auth.anonymous'], kept: [] })
    const client = (await connect()) as MqttClient
    await client.publishAsync('a', '', { qos: 1 })
    expect(await reload(anonymous(''))).toEqual({ applied: ['auth.anonymous'], kept: [] })
    expect(await connect()).toBe(0x87)
    await client.publishAsync('a', '', { qos: 1 })
  })

  test('may be let in at a listener that names them since then', async () => {
    const { connect, reload } = await running(anonymous(''), files)
    const text = anonymous('anonymous: local, ').replace('0" }', '0", providers: [anonymous] }')
    expect(await reload(text)).toEqual({ applied: ['listeners', 'auth.anonymous'], kept: [] })
    expect(typeof (await connect())).not.toBe('number')
  })

  test('stay out where a listener cannot be opened', async () => {
    const { broker, connect, reload } = await running(anonymous(''), files)
    const { port } = broker.addresses[0]
    const text = anonymous('anonymous: local, ').replace(
      '- {',
      `- { listen: "mqtt://127.0.0.1:${port}" }\n  - { listen: "mqtt://127.0.0.1:${port}" }\n  - {`,
    )
    await expect(reload(text)).rejects.toThrow('is taken')
    expect(await connect()).toBe(0x87)
  })
})

test('what cannot be applied is told with its line and why', async () => {
  const { reload } = await running(passwords('one'), { one: `alice:${HASH}` })
  const text = `${passwords('one')}limits: { connectionsPerUser: 5 }\n`.replace(
    '{ pass',
    '{ scram: { file: one }, pass',
  )
  expect(await reload(text)).toEqual({
    applied: [],
    kept: [
      'broker.yaml:4:9: auth.scram: a broker that runs gets no new middleware',
      'broker.yaml:5:1: limits: a broker that runs gets no new middleware',
    ],
  })
})

test('a limit that nobody counted for is told with its line and why', async () => {
  const limits = (text: string): string => `${ONE}limits: { memory: 0, ${text} }\n`
  const { reload } = await running(limits('connections: 5'))
  expect(await reload(limits('connections: 6, connectionsPerUser: 5'))).toEqual({
    applied: [],
    kept: [
      'broker.yaml:3:1: limits.connectionsPerUser: who has how many connections is not counted while nothing bounds it',
    ],
  })
})
