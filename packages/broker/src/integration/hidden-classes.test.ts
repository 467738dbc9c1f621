/**
 * What clients do again and again makes no hidden class each time. V8 of Node 20 makes one, for good, for each object that
 * gets a key behind one that was spread, as `{ ...packet, share }`; `{ share, ...packet }` has one for all.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { spawned } from '../../../../test/support/spawned.ts'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
/** Devices at once, and how often each comes. */
const DEVICES = 10
const ROUNDS = 8
/** What Node itself adds to the options of each socket, and of each file that it reads at the start. */
const OF_NODE = new Set(['emitClose', 'autoDestroy', 'decodeStrings', 'encoding'])

/** Names of properties that made a hidden class most of the times. V8 says of such that their prototype was new. */
function madeAgain(log: string): string[] {
  const times = new Map<string, number>()
  for (const line of log.split('\n')) {
    const [, name] = /^map,Transition,(?:[^,]*,){6}prototype,(.*)$/.exec(line) ?? []
    if (name !== undefined && !OF_NODE.has(name)) times.set(name, (times.get(name) ?? 0) + 1)
  }
  return [...times].filter(([, count]) => count >= (DEVICES * ROUNDS) / 4).map(([name]) => name)
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

async function device(url: string, name: string, clean: boolean, version: 4 | 5): Promise<MqttClient> {
  const properties = { sessionExpiryInterval: 60, topicAliasMaximum: 5 }
  const will = { topic: 'w', payload: Buffer.from('gone'), qos: 1 as const, retain: false }
  const options: IClientOptions = {
    clientId: name,
    clean,
    will,
    reconnectPeriod: 0,
  }
  const of5 = version === 5 && { properties, will: { ...will, properties: { willDelayInterval: 1 } } }
  const client = await connectAsync(url, { protocolVersion: version, ...options, ...of5 })
  client.on('error', () => {})
  return client
}

/** One connection, and all that a device may do with it. */
async function round(url: string, name: string, i: number, version: 4 | 5): Promise<void> {
  const client = await device(url, name, i % 2 === 0, version)
  await client.subscribeAsync({ 'a/+': { qos: 1 }, '$share/g/b': { qos: 2 } })
  const properties = version === 5 ? { messageExpiryInterval: 60, userProperties: { a: 'b' } } : undefined
  for (const qos of [0, 1, 2] as const)
    for (const topic of ['a/1', 'a/1', 'b'])
      await client.publishAsync(topic, 'hello', {
        qos,
        retain: topic === 'b',
        ...(properties && { properties }),
      })
  await client.unsubscribeAsync('a/+')
  if (i % 3 === 0) {
    const closed = new Promise<void>((resolve) => client.once('close', resolve))
    client.stream.destroy()
    await closed
  } else await client.endAsync()
}

test.each([
  ['in memory', (): string[] => []],
  ['on a disk', (): string[] => ['--data', folder()]],
])('%s', async (_name, store) => {
  const log = join(folder(), 'classes.log')
  const flags = ['--log-maps', '--no-logfile-per-isolate', `--logfile=${log}`]
  const cli = spawned(process.execPath, [...flags, CLI, '--port', '0', '--no-ws', ...store()])
  const [url] = await cli.prints(/mqtt:[^" ]+/)
  const devices = Array.from({ length: DEVICES }, async (_, number) => {
    for (let i = 0; i < ROUNDS; i++) await round(url, `d${number}`, i, number % 2 === 0 ? 4 : 5)
  })
  await Promise.all(devices)
  cli.child.kill('SIGTERM')
  await cli.exited
  expect(madeAgain(readFileSync(log, 'utf8'))).toEqual([])
})
