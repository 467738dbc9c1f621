import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt'
import { connect } from 'mqtt'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import { RecordingLogger } from '../../../testing/src/index.ts'
import type { Broker } from '../index.ts'
import { createBroker } from '../index.ts'

const server = createCertificate('localhost')
const device = createCertificate('device')
const TRANSPORTS = ['tcp', 'tls', 'ws', 'wss'] as const
const logger = new RecordingLogger()
let broker: Broker

beforeAll(async () => {
  const port = 0
  const secure = { ...server, ca: device.cert }
  broker = createBroker({
    stack: { logger },
    listeners: [
      { transport: 'tcp', port },
      { transport: 'tls', port, ...secure },
      { transport: 'ws', port },
      { transport: 'wss', port, ...secure },
    ],
  })
  await broker.listen()
})

afterAll(async () => {
  await broker.close()
  expect(logger.errors).toEqual([])
})

/** A client that has not connected yet: what comes right after CONNACK can be waited for. */
function dial(transport: string, options: IClientOptions = {}): MqttClient {
  const address = broker.addresses.find((one) => one.transport === transport)
  // The certificate has the host's name, not its address.
  const url = (address?.url ?? '').replace('127.0.0.1', 'localhost')
  const tls = transport === 'tls' || transport === 'wss' ? { ca: server.cert, ...device } : {}
  const made = connect(url, { reconnectPeriod: 0, ...tls, ...options })
  onTestFinished(() => void made.end(true))
  return made
}

async function client(transport: string, options?: IClientOptions): Promise<MqttClient> {
  const made = dial(transport, options)
  await new Promise((resolve, reject) => made.once('connect', resolve).once('error', reject))
  return made
}

interface Received {
  topic: string
  payload: string
  qos: number
  retain: boolean
}

/** The next `count` messages. */
function messages(from: MqttClient, count: number): Promise<Received[]> {
  const received: Received[] = []
  return new Promise((resolve) => {
    from.on('message', (topic, payload, { qos, retain }: IPublishPacket) => {
      received.push({ topic, payload: String(payload), qos, retain })
      if (received.length === count) resolve(received)
    })
  })
}

describe.each(TRANSPORTS)('MQTT.js over %s', (transport) => {
  test.each([0, 1, 2] as const)('sends and receives at QoS %i, in order', async (qos) => {
    const [publisher, subscriber] = [await client(transport), await client(transport)]
    const topic = `${transport}/${qos}`
    await subscriber.subscribeAsync(`${transport}/+`, { qos })
    const all = messages(subscriber, 50)
    const payloads = Array.from({ length: 50 }, (_, i) => `${i}`)
    await Promise.all(payloads.map((payload) => publisher.publishAsync(topic, payload, { qos })))
    expect(await all).toEqual(payloads.map((payload) => ({ topic, payload, qos, retain: false })))
  })

  test('takes a message of half a megabyte', async () => {
    const one = await client(transport)
    await one.subscribeAsync(`large/${transport}`)
    const all = messages(one, 1)
    const payload = 'x'.repeat(500_000)
    await one.publishAsync(`large/${transport}`, payload)
    expect((await all)[0].payload === payload).toBe(true)
  })

  test('keeps a retained message until it is cleared', async () => {
    const topic = `retained/${transport}`
    const publisher = await client(transport)
    await publisher.publishAsync(topic, 'kept', { qos: 1, retain: true })
    const early = await client(transport)
    const first = messages(early, 1)
    await early.subscribeAsync(topic, { qos: 1 })
    expect(await first).toEqual([{ topic, payload: 'kept', qos: 1, retain: true }])
    await publisher.publishAsync(topic, '', { qos: 1, retain: true })
    const late = await client(transport)
    const second = messages(late, 1)
    await late.subscribeAsync(topic, { qos: 1 })
    await publisher.publishAsync(topic, 'live', { qos: 1 })
    expect(await second).toEqual([{ topic, payload: 'live', qos: 1, retain: false }])
  })

  test('sends the will of a client that is lost, not of one that says goodbye', async () => {
    const watcher = await client(transport)
    await watcher.subscribeAsync(`wills/${transport}/#`, { qos: 1 })
    const all = messages(watcher, 1)
    const will = (who: string) => ({
      topic: `wills/${transport}/${who}`,
      payload: Buffer.from('gone'),
      qos: 1 as const,
    })
    const polite = await client(transport, { will: will('polite') })
    await polite.endAsync()
    const lost = await client(transport, { will: will('lost') })
    lost.stream.destroy()
    expect(await all).toEqual([{ topic: `wills/${transport}/lost`, payload: 'gone', qos: 1, retain: false }])
  })

  test('resumes a stored session and gets what it missed, once', async () => {
    const topic = `stored/${transport}`
    const session = { clientId: `stored-${transport}`, clean: false }
    const first = await client(transport, session)
    await first.subscribeAsync(topic, { qos: 2 })
    await first.endAsync()
    const publisher = await client(transport)
    for (const qos of [1, 2] as const) await publisher.publishAsync(topic, `missed ${qos}`, { qos })
    const second = dial(transport, session)
    const all = messages(second, 3)
    await new Promise((resolve) => second.once('connect', resolve))
    await publisher.publishAsync(topic, 'live', { qos: 2 })
    expect((await all).map(({ payload }) => payload)).toEqual(['missed 1', 'missed 2', 'live'])
  })
})

test('200 clients at once, each message to each of them', async () => {
  const count = 200
  const all = await Promise.all(Array.from({ length: count }, (_, i) => client(i % 4 === 0 ? 'ws' : 'tcp')))
  await Promise.all(all.map((one) => one.subscribeAsync('crowd/#', { qos: 1 })))
  const received = all.map((one) => messages(one, count))
  await Promise.all(all.map((one, i) => one.publishAsync(`crowd/${i}`, String(i), { qos: 1 })))
  const wanted = Array.from({ length: count }, (_, i) => String(i)).sort()
  for (const list of await Promise.all(received))
    expect(list.map(({ payload }) => payload).sort()).toEqual(wanted)
}, 60_000)
