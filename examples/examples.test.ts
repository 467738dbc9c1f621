import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connect } from 'mqtt'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../packages/benchmark/src/brokers/certificate.ts'
import { TestClient } from '../packages/testing/src/index.ts'
import { packInto } from '../scripts/pack.mjs'
import { ScramClient } from '../scripts/scram-client.ts'
import type { Spawned } from '../scripts/spawned.ts'
import { spawned } from '../scripts/spawned.ts'

/** What a user has: an empty folder, and in it the packages as they are published. */
const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-examples-'))
const here = fileURLToPath(new URL('.', import.meta.url))
const examples = readdirSync(here).filter((file) => /\.[mc]js$/.test(file))

beforeAll(async () => {
  const tarballs = packInto(folder).values()
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs], {
    cwd: folder,
  })
  for (const example of examples) copyFileSync(join(here, example), join(folder, example))
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true }))

/** An example on a free port. */
async function run(example: string, ...args: string[]): Promise<{ program: Spawned; port: string }> {
  const program = spawned(process.execPath, [example, ...args], { cwd: folder })
  const [, port] = await program.prints(/listening on (\d+)/)
  return { program, port }
}

async function client(url: string, options?: IClientOptions): Promise<MqttClient> {
  const made = connect(url, { reconnectPeriod: 0, ...options })
  onTestFinished(() => void made.end(true))
  await new Promise((resolve, reject) => made.once('connect', resolve).once('error', reject))
  return made
}

function message(from: MqttClient): Promise<string> {
  return new Promise((resolve) => {
    from.once('message', (topic, payload, { qos, retain }) => resolve(`${topic} ${payload} ${qos} ${retain}`))
  })
}

/** Live at QoS 2, and retained. */
async function exchange(url: string, options?: IClientOptions, topic = 'joe/lamp'): Promise<void> {
  const [publisher, subscriber] = [await client(url, options), await client(url, options)]
  await subscriber.subscribeAsync(`${topic}/#`, { qos: 2 })
  const live = message(subscriber)
  await publisher.publishAsync(topic, 'on', { qos: 2, retain: true })
  expect(await live).toBe(`${topic} on 2 false`)
  const late = await client(url, options)
  const kept = message(late)
  await late.subscribeAsync(topic, { qos: 1 })
  expect(await kept).toBe(`${topic} on 1 true`)
}

test('each example has a test', () => {
  expect(examples.sort()).toEqual(
    [
      'commonjs.cjs',
      'custom-backend.mjs',
      'custom-stack.mjs',
      'net-server.mjs',
      'scram-sha-256.mjs',
      'tls-server.mjs',
    ].sort(),
  )
})

test.each(['net-server.mjs', 'commonjs.cjs', 'custom-backend.mjs'])('%s', async (example) => {
  const { program, port } = await run(example, '0')
  await exchange(`mqtt://127.0.0.1:${port}`)
  expect(program.stderr).toBe('')
})

test('tls-server.mjs', async () => {
  const { cert, key } = createCertificate('localhost')
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  const { program, port } = await run('tls-server.mjs', '0', 'cert.pem', 'key.pem')
  await exchange(`mqtts://localhost:${port}`, { ca: cert })
  expect(program.stderr).toBe('')
})

test('custom-stack.mjs', async () => {
  const { program, port } = await run('custom-stack.mjs', '0', '0')
  const joe = { username: 'joe', password: 'secret' }
  await exchange(`mqtt://127.0.0.1:${port}`, joe)
  const [url] = await program.prints(/ws:[^)]+/)
  await exchange(url, joe, 'joe/radio')
  await expect(client(url, { ...joe, password: 'guess' })).rejects.toThrow(/bad user ?name or password/i)
  await expect(client(url)).rejects.toThrow(/not authorized/i)
  const one = await client(url, joe)
  const [granted] = await one.subscribeAsync({ 'joe/a': { qos: 1 } })
  expect(granted.qos).toBe(1)
  await expect(one.subscribeAsync('jane/#')).rejects.toThrow()
  expect(program.stderr).toBe('')
})

test('scram-sha-256.mjs', async () => {
  const { program, port } = await run('scram-sha-256.mjs', '0')
  const socket = dial(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const device = new TestClient(socket, { protocolVersion: 5, patience: 5_000 })
  const scram = new ScramClient('joe', 'secret')
  const authenticationMethod = 'SCRAM-SHA-256'
  const accepted = device.connect({ properties: { authenticationMethod, authenticationData: scram.first() } })
  const challenge = await device.next('auth')
  const authenticationData = scram.final(challenge.properties?.authenticationData)
  device.send({ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod, authenticationData } })
  const { reasonCode, properties } = await accepted
  expect([reasonCode, scram.trusts(properties?.authenticationData)]).toEqual([0, true])
  await program.prints(/joe is here/)
  await expect(client(`mqtt://127.0.0.1:${port}`)).rejects.toThrow(/not authorized/i)
  expect(program.stderr).toBe('')
})

test('the command', async () => {
  const program = spawned(join(folder, 'node_modules/.bin/mqtt-stack'), ['--port', '0', '--no-ws'], {
    cwd: folder,
  })
  const [url] = await program.prints(/mqtt:[^"]+/)
  await exchange(url)
  program.child.kill('SIGTERM')
  expect(await program.exited).toBe(0)
  expect(program.stderr).toBe('')
})
