/** A file of users from the command that writes it to the clients that it lets in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connect, connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { needs } from '../../../../test/support/needs.ts'
import { ScramClient } from '../../../../test/support/scram-client.ts'
import type { Spawned } from '../../../../test/support/spawned.ts'
import { spawned } from '../../../../test/support/spawned.ts'

/** The command as it is built: Node runs no TypeScript. */
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

const CONFIG = `listeners: [{ listen: "mqtt://127.0.0.1:0" }]
auth:
  password: { file: users }
  scram: { file: users }
acl:
  rules:
    - { allow: [publish, subscribe], topic: "staff/#", group: staff }
`

interface Site {
  /** Runs `mqtt-stack passwd` on the file of users. */
  passwd(password: string, ...args: string[]): Promise<void>
  /** The broker, once it listens. */
  broker(): Promise<{ cli: Spawned; url: string }>
  folder: string
}

function site(): Site {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'broker.yaml'), CONFIG)
  const run = (...args: string[]): Spawned => spawned(process.execPath, [CLI, ...args], { cwd: folder })
  return {
    folder,
    async passwd(password, ...args) {
      const command = run('passwd', 'users', ...args)
      command.child.stdin?.end(password)
      expect([await command.exited, command.stderr]).toEqual([0, ''])
    },
    async broker() {
      const cli = run('--config', 'broker.yaml')
      const [, url] = await cli.prints(/listening on (mqtt:[\w:/.]+)/)
      return { cli, url }
    },
  }
}

async function dial(url: string, options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5, ...options })
  onTestFinished(() => void client.end(true))
  return client
}

test('passwd, a configuration, MQTT.js: users, their groups, and what changes while the broker runs', async () => {
  const { passwd, broker } = site()
  await passwd('one', 'alice', '--groups', 'staff')
  await passwd('two', 'bob')
  const { cli, url } = await broker()
  const alice = await dial(url, { username: 'alice', password: 'one' })
  const bob = await dial(url, { username: 'bob', password: 'two' })
  await alice.publishAsync('staff/a', '', { qos: 1 })
  await expect(bob.publishAsync('staff/a', '', { qos: 1 })).rejects.toThrow(/authorized/i)
  await expect(dial(url, { username: 'alice', password: 'two' })).rejects.toMatchObject({ code: 0x86 })
  const gone = new Promise((resolve) => bob.once('disconnect', ({ reasonCode }) => resolve(reasonCode)))
  await passwd('', 'bob', '--delete')
  expect(await gone).toBe(0x98)
  await cli.prints(/PasswordAuth: .*users was changed and is in force/)
  await expect(dial(url, { username: 'bob', password: 'two' })).rejects.toMatchObject({ code: 0x86 })
  await alice.publishAsync('staff/a', '', { qos: 1 })
})

test('passwd --scram, a configuration, MQTT.js: the password is never sent', async () => {
  const { passwd, broker } = site()
  await passwd('one', 'alice', '--groups', 'staff', '--scram')
  const { url } = await broker()
  const scram = new ScramClient('alice', 'one')
  const method = { authenticationMethod: 'SCRAM-SHA-256' }
  const alice = connect(url, {
    reconnectPeriod: 0,
    protocolVersion: 5,
    properties: { ...method, authenticationData: scram.first() },
  })
  onTestFinished(() => void alice.end(true))
  alice.handleAuth = ({ properties }, callback) => {
    const authenticationData = scram.final(properties?.authenticationData)
    callback(undefined, { cmd: 'auth', reasonCode: 0x18, properties: { ...method, authenticationData } })
  }
  await new Promise((resolve, reject) => alice.once('connect', resolve).once('error', reject))
  await alice.publishAsync('staff/a', '', { qos: 1 })
})

test('mosquitto_passwd writes users, and mosquitto_pub is one', async (context) => {
  needs(context, 'mosquitto_passwd', 'mosquitto_pub')
  const { folder, broker, passwd } = site()
  const write = spawned('mosquitto_passwd', ['-c', '-b', join(folder, 'users'), 'carol', 'three'])
  expect(await write.exited).toBe(0)
  await passwd('four', 'dave', '--groups', 'staff')
  const { url } = await broker()
  const publish = (user: string, password: string): Spawned =>
    spawned('mosquitto_pub', [
      '-p',
      new URL(url).port,
      '-u',
      user,
      '-P',
      password,
      '-t',
      'staff/a',
      '-m',
      'x',
    ])
  expect(await publish('carol', 'three').exited).toBe(0)
  expect(await publish('dave', 'four').exited).toBe(0)
  expect(await publish('carol', 'four').exited).not.toBe(0)
})

test('a bad line stops the start, and is named', async () => {
  const { folder, passwd } = site()
  await passwd('one', 'alice')
  writeFileSync(join(folder, 'users'), 'alice:secret\n')
  const cli = spawned(process.execPath, [CLI, '--config', 'broker.yaml'], { cwd: folder })
  expect(await cli.exited).toBe(1)
  expect(cli.stderr).toMatch(
    /^mqtt-stack: .*users:1: the password of "alice" is not hashed: mqtt-stack passwd .*users alice\n$/,
  )
})
