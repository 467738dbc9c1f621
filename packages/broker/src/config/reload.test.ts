/** A configuration that is read again while clients are connected. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordingLogger } from '@mqtt-stack/testing'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Broker } from '../broker.ts'
import type { BrokerOptions } from '../broker-options.ts'
import { createBrokerFrom } from '../create-broker-from.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }

interface Reloading {
  readonly broker: Broker
  /** Writes another configuration, and has it read. */
  write(text: string): ReturnType<Broker['reload']>
}

async function reloading(text: string, options: BrokerOptions = {}): Promise<Reloading> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  const file = join(folder, 'broker.yaml')
  writeFileSync(file, text)
  const broker = await createBrokerFrom(file, { stack: { logger: QUIET }, ...options })
  onTestFinished(async () => {
    await broker.close()
    rmSync(folder, { recursive: true })
  })
  await broker.listen()
  const write: Reloading['write'] = (next) => {
    writeFileSync(file, next)
    return broker.reload()
  }
  return { broker, write }
}

async function client(url: string, options: object = {}): Promise<MqttClient> {
  const connected = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5, ...options })
  connected.on('error', () => {})
  onTestFinished(() => void connected.end(true))
  return connected
}

const ONE = 'listeners:\n  - { listen: "mqtt://127.0.0.1:0" }\n'
const TWO = `${ONE}  - { listen: "ws://127.0.0.1:0" }\n`

describe('listeners', () => {
  test('a new one is opened, and the one that is there keeps its port', async () => {
    const { broker, write } = await reloading(ONE)
    const [{ url }] = broker.addresses
    const one = await client(url)
    expect(await write(TWO)).toEqual({ applied: ['listeners'], kept: [] })
    expect(broker.addresses).toHaveLength(2)
    expect(broker.addresses[0].url).toBe(url)
    await client(broker.addresses[1].url)
    await one.publishAsync('a', 'b', { qos: 1 })
  })

  test('one that is gone takes nobody any more, and drops nobody', async () => {
    const { broker, write } = await reloading(TWO)
    const [, { url }] = broker.addresses
    const one = await client(url)
    await write(ONE)
    expect(broker.addresses).toHaveLength(1)
    await expect(client(url)).rejects.toThrow('ECONNREFUSED')
    await one.publishAsync('a', 'b', { qos: 1 })
  })

  test('one with other options is opened again at its port, and drops nobody', async () => {
    const { broker, write } = await reloading(ONE)
    const [{ url, port }] = broker.addresses
    const one = await client(url)
    const fixed = `listeners:\n  - { listen: "mqtt://127.0.0.1:${port}"`
    await write(`${fixed} }\n`)
    expect(await write(`${fixed}, name: house }\n`)).toEqual({ applied: ['listeners'], kept: [] })
    expect(broker.addresses).toMatchObject([{ url }])
    await client(url)
    await one.publishAsync('a', 'b', { qos: 1 })
  })

  test('one that cannot be opened changes nothing', async () => {
    const [taken, { broker, write }] = [await reloading(ONE), await reloading(ONE)]
    const [{ port }] = taken.broker.addresses
    const [{ url }] = broker.addresses
    const other = `  - { listen: "mqtt://127.0.0.1:${port}" }\n`
    await expect(write(`${ONE}${other}keepalive: { maximum: 7 }\n`)).rejects.toThrow(
      `127.0.0.1:${port} is taken`,
    )
    expect(broker.addresses).toMatchObject([{ url }])
    await client(url)
    // What makes room is there again where what follows cannot be opened.
    const own = `listeners:\n  - { listen: "mqtt://127.0.0.1:${broker.addresses[0].port}", name: x }\n`
    await expect(write(`${own}${other}`)).rejects.toThrow('is taken')
    expect(broker.addresses).toMatchObject([{ url }])
    await client(url)
  })
})

test('options that are read where they are used hold for whoever connects next', async () => {
  const { broker, write } = await reloading(`${ONE}keepalive: { maximum: 60 }\n`)
  const [{ url }] = broker.addresses
  const one = await client(url, { keepalive: 50 })
  expect(await write(`${ONE}keepalive: { maximum: 30 }\n`)).toEqual({ applied: ['keepalive'], kept: [] })
  const next = await client(url, { keepalive: 50 })
  await next.publishAsync('a', 'b', { qos: 1 })
  await one.publishAsync('a', 'b', { qos: 1 })
  expect(await write(ONE)).toEqual({ applied: ['keepalive'], kept: [] })
})

test('rules hold for those who are connected, too', async () => {
  const rules = (topic: string): string => `${ONE}acl: { rules: [{ allow: publish, topic: ${topic} }] }\n`
  const { broker, write } = await reloading(rules('a'))
  const one = await client(broker.addresses[0].url)
  await one.publishAsync('a', '', { qos: 1 })
  expect(await write(rules('b'))).toEqual({ applied: ['acl'], kept: [] })
  await one.publishAsync('b', '', { qos: 1 })
  await expect(one.publishAsync('a', '', { qos: 1 })).rejects.toThrow(/not authorized/i)
  expect(await write(ONE)).toEqual({
    applied: [],
    kept: ['broker.yaml:1:1: acl: a broker that runs loses no middleware'],
  })
})

test('what takes effect at the next start is told, with its line, each time', async () => {
  const { write } = await reloading(ONE)
  const text = `${ONE}keepalive: { maximum: 9, sweep: 500 }\nstore: { memory: { sessions: 5 } }\nlimits: {}\n`
  const expected = {
    applied: [],
    kept: [
      'broker.yaml:3:1: keepalive.sweep: it is read at the start alone',
      'broker.yaml:4:1: store: it is read at the start alone',
      'broker.yaml:5:1: limits: a broker that runs gets no new middleware',
    ],
  }
  expect(await write(text)).toEqual(expected)
  expect(await write(text)).toEqual(expected)
  expect(await write(ONE)).toEqual({ applied: ['keepalive'], kept: [] })
})

test.each([
  ['no YAML', 'listeners: [', /^broker\.yaml:1:13: /],
  [
    'no setting at all',
    '# one moment\n',
    /broker\.yaml: holds no setting any more, as a file that is being written: write one into it$/,
  ],
  [
    'two documents',
    `${ONE}---\n${ONE}`,
    'broker.yaml:3:1: a second document begins here: write all settings into one',
  ],
  ['a wrong key', 'listners: []', 'broker.yaml:1:1: unknown key "listners" (did you mean "listeners"?)'],
  [
    'a rule',
    `${TWO}acl: { rules: [{ allow: publish, topic: "#/a" }] }`,
    /^broker\.yaml:4: "#\/a" is no topic filter/,
  ],
])('a broken file changes nothing: %s', async (_what, text, message) => {
  const { broker, write } = await reloading(ONE)
  const before = broker.addresses
  await expect(write(text)).rejects.toThrow(message)
  expect(broker.addresses).toEqual(before)
  await client(before[0].url)
})

test('a broker without a configuration reads its certificates again', async () => {
  const { createBroker } = await import('../create-broker.ts')
  const broker = createBroker({ listeners: [{ transport: 'tcp', port: 0 }], stack: { logger: QUIET } })
  onTestFinished(() => broker.close())
  await broker.listen()
  expect(await broker.reload()).toEqual({ applied: ['certificates'], kept: [] })
})

describe('the log', () => {
  const log = (level: string, format: string): string => `${ONE}log: { level: ${level}, format: ${format} }\n`

  test('is written at another level, and in another form, from then on', async () => {
    const logger = Object.assign(new RecordingLogger(), { format: 'lines' as const })
    const { broker, write } = await reloading(log('warn', 'json'), { stack: { logger } })
    expect([broker.log.level, logger.format]).toEqual(['warn', 'json'])
    expect(await write(log('debug', 'lines'))).toEqual({ applied: ['log.level', 'log.format'], kept: [] })
    await client(broker.addresses[0].url)
    expect([broker.log.format, logger.events('client.connected')]).toEqual([
      'lines',
      [expect.objectContaining({ transport: 'tcp' })],
    ])
    await write(ONE)
    expect(broker.log.level).toBe('info')
  })

  test('is as code says where that says something', async () => {
    const options = { stack: { logger: new RecordingLogger() }, log: { level: 'error' as const } }
    const { broker, write } = await reloading(log('debug', 'json'), options)
    expect((await write(log('info', 'json'))).applied).toEqual([])
    expect(broker.log.level).toBe('error')
  })

  test('has no other form where the logger is not the broker’s own: that is told', async () => {
    const { write } = await reloading(log('info', 'json'))
    expect((await write(log('info', 'lines'))).kept).toEqual([
      expect.stringContaining('log.format: the logger that runs is another one than the broker’s own'),
    ])
  })

  test('stays as it was where the file cannot be used', async () => {
    const { broker, write } = await reloading(log('warn', 'json'))
    await expect(write(`${log('debug', 'json')}acl: { file: none }\n`)).rejects.toThrow()
    expect(broker.log.level).toBe('warn')
  })
})
