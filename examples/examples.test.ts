import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createConnection as dial } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../packages/benchmark/src/brokers/certificate.ts'
import { TestClient } from '../packages/testing/src/index.ts'
import { client, exchange } from '../test/support/exchange.ts'
import { installedFolder } from '../test/support/installed.ts'
import { ScramClient } from '../test/support/scram-client.ts'
import type { Spawned } from '../test/support/spawned.ts'
import { spawned } from '../test/support/spawned.ts'

const folder = installedFolder()
const here = fileURLToPath(new URL('.', import.meta.url))
const examples = readdirSync(here).filter((file) => /\.[mc]js$/.test(file))

beforeAll(() => {
  for (const example of examples) copyFileSync(join(here, example), join(folder, example))
})

/** An example on a free port. */
async function run(example: string, ...args: string[]): Promise<{ program: Spawned; port: string }> {
  const program = spawned(process.execPath, [example, ...args], { cwd: folder })
  const [, port] = await program.prints(/listening on (\d+)/)
  return { program, port }
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
  const passwd = spawned(
    join(folder, 'node_modules/.bin/mqtt-stack'),
    ['passwd', 'users', 'joe', '--scram'],
    {
      cwd: folder,
    },
  )
  passwd.child.stdin?.end('secret\n')
  expect([await passwd.exited, passwd.stderr]).toEqual([0, ''])
  const { program, port } = await run('scram-sha-256.mjs', 'users', '0')
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
