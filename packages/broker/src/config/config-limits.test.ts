/** The section `limits`: a real broker of a file, and MQTT.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { createBrokerFrom } from '../create-broker-from.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }
const file = (limits: string): string =>
  `listeners:\n  - { listen: "mqtt://127.0.0.1:0" }\nlimits: { memory: 0, loopDelay: 0, ${limits} }\n`

test('limits of a file hold, and other ones do when it is read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  const path = join(folder, 'broker.yaml')
  writeFileSync(path, file('connections: 1'))
  const broker = await createBrokerFrom(path, { stack: { logger: QUIET } })
  onTestFinished(async () => {
    await broker.close()
    rmSync(folder, { recursive: true })
  })
  const [{ url }] = await broker.listen()
  const connect = async () => {
    const client = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5 })
    onTestFinished(() => void client.end(true))
  }
  await connect()
  await expect(connect()).rejects.toMatchObject({ code: 0x97 })
  writeFileSync(path, file('connections: 2, sessionsPerUser: 3'))
  expect(await broker.reload()).toEqual({ applied: ['limits'], kept: [] })
  await connect()
  await expect(connect()).rejects.toMatchObject({ code: 0x97 })
})

test('limits of one listener hold there, and other ones do when it is read again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  const path = join(folder, 'broker.yaml')
  const text = (own: string): string =>
    `listeners:\n  - { listen: "mqtt://127.0.0.1:0", limits: { ${own} } }\n  - { listen: "mqtt://127.0.0.1:0" }\nlimits: { memory: 0, loopDelay: 0, connections: 5 }\n`
  writeFileSync(path, text('connections: 1'))
  const broker = await createBrokerFrom(path, { stack: { logger: QUIET } })
  onTestFinished(async () => {
    await broker.close()
    rmSync(folder, { recursive: true })
  })
  const [one, other] = await broker.listen()
  const connect = async (url: string) => {
    const client = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5 })
    onTestFinished(() => void client.end(true))
  }
  await connect(one.url)
  await expect(connect(one.url)).rejects.toMatchObject({ code: 0x97 })
  await connect(other.url)
  writeFileSync(path, text('connections: 2'))
  expect(await broker.reload()).toEqual({ applied: ['listeners'], kept: [] })
  expect(broker.addresses).toEqual([one, other])
  await connect(one.url)
  await expect(connect(one.url)).rejects.toMatchObject({ code: 0x97 })
})
