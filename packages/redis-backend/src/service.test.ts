/** Brokers that are one service over a real Redis, and what they leave in it. */
import type { Broker } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import { RecordingLogger } from '@mqtt-stack/testing'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { ask } from '../../../test/rig/redis/redis-cluster.ts'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { RedisBackend } from './redis-backend.ts'

let redis: RedisServer
const brokers: Broker[] = []
const clients: MqttClient[] = []

beforeAll(async () => {
  if (programPath('redis-server')) redis = await startRedis()
})

beforeEach((context) => needs(context, 'redis-server'))

afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true)
  for (const broker of brokers.splice(0)) await broker.close()
})

afterAll(() => redis?.stop())

/** A node; the URL to it. */
async function join(node: string): Promise<string> {
  const broker = createBroker({
    backend: new RedisBackend({ url: redis.url, node, lease: 3_000 }),
    listeners: [{ transport: 'tcp', port: 0 }],
    stack: { logger: new RecordingLogger() },
  })
  brokers.push(broker)
  const [{ port }] = await broker.listen()
  return `mqtt://127.0.0.1:${port}`
}

async function client(
  url: string,
  clientId: string,
  clean: boolean,
  sessionExpiryInterval = 300,
): Promise<MqttClient> {
  const options = {
    clientId,
    clean,
    protocolVersion: 5,
    reconnectPeriod: 0,
    properties: { sessionExpiryInterval },
  } as const
  const made = await connectAsync(url, options)
  made.on('error', () => {})
  clients.push(made)
  return made
}

it('is empty when all sessions have ended and all retained messages are cleared', async () => {
  const [one, two, three] = [await join('one'), await join('two'), await join('three')]
  const away = await client(one, 'away', false)
  await away.subscribeAsync(['t/+', '$share/g/s'], { qos: 2 })
  await away.endAsync()
  const live = await client(two, 'live', true, 0)
  const got: string[] = []
  live.on('message', (topic, payload) => got.push(`${topic}=${payload}`))
  await live.subscribeAsync('t/#', { qos: 1 })
  const publisher = await client(three, 'publisher', false)
  for (const qos of [0, 1, 2] as const) await publisher.publishAsync('t/x', `${qos}`, { qos })
  await publisher.publishAsync('t/kept', 'kept', { qos: 1, retain: true })
  await publisher.publishAsync('s', 'shared', { qos: 1 })
  await expect.poll(() => [...got].sort()).toEqual(['t/kept=kept', 't/x=0', 't/x=1', 't/x=2'])

  // The session comes to another node, and what waited for it too.
  const here: string[] = []
  const again = await client(three, 'away', false)
  again.on('message', (topic, payload) => here.push(`${topic}=${payload}`))
  await expect.poll(() => [...here].sort()).toEqual(['s=shared', 't/kept=kept', 't/x=1', 't/x=2'])

  const late = await client(one, 'late', true, 0)
  const retained: string[] = []
  late.on('message', (_, payload) => retained.push(`${payload}`))
  await late.subscribeAsync('t/kept', { qos: 1 })
  await expect.poll(() => retained).toEqual(['kept'])

  await publisher.publishAsync('t/kept', '', { qos: 1, retain: true })
  for (const [url, id] of [
    [one, 'away'],
    [two, 'publisher'],
  ])
    await (await client(url, id, true, 0)).endAsync()
  for (const made of clients.splice(0)) await made.endAsync()
  for (const broker of brokers.splice(0)) await broker.close()
  expect(await ask(redis, 'KEYS', '*')).toEqual([])
})
