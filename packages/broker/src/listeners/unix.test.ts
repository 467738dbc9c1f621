import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestClient } from '@mqtt-stack/testing'
import { expect, onTestFinished, test } from 'vitest'
import '../../../../test/support/program-limit.ts'
import { listeningBroker, testBroker } from '../../../../test/rig/broker.ts'
import type { BrokerOptions } from '../broker-options.ts'

function socketFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'mqtt.sock')
}

const on = (path: string): BrokerOptions => ({ listeners: [{ transport: 'unix', path }] })

async function connected(path: string): Promise<TestClient> {
  const socket = connect(path)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const client = new TestClient(socket, { patience: 10_000 })
  expect(await client.connect()).toMatchObject({ returnCode: 0 })
  return client
}

test('clients connect, are local, and the file goes with the broker', async () => {
  const path = socketFile()
  const broker = await listeningBroker(on(path))
  expect(broker.addresses).toEqual([{ transport: 'unix', path, url: `unix:${path}`, local: true }])
  await connected(path)
  expect([...broker.stack.clients][0].listener).toEqual({ transport: 'unix', local: true })
  await broker.close()
  expect(existsSync(path)).toBe(false)
})

test('a socket that nobody listens on is replaced', async () => {
  const path = socketFile()
  // Whoever is killed leaves its socket behind.
  const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  expect(() => execFileSync(process.execPath, ['-e', leave], { stdio: 'ignore' })).toThrow()
  expect(existsSync(path)).toBe(true)
  await listeningBroker(on(path))
  await connected(path)
})

test('a socket that somebody listens on is not', async () => {
  const path = socketFile()
  await listeningBroker(on(path))
  await expect(testBroker(on(path)).listen()).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining(`${path} is taken`),
  })
  await connected(path)
})

test('a file that is no socket is left alone', async () => {
  const path = socketFile()
  writeFileSync(path, 'precious')
  await expect(testBroker(on(path)).listen()).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  expect(existsSync(path)).toBe(true)
})

test.each([
  ['a missing folder', '/nowhere/mqtt.sock', /folder is missing/],
  ['a path that is too long', `/tmp/${'x'.repeat(120)}`, /too long/],
])('%s is named', async (_what, path, message) => {
  await expect(testBroker(on(path)).listen()).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringMatching(message),
  })
})
