import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ScramAuth, scramKeys } from '@mqtt-stack/auth-scram'
import type { IClientOptions, IClientPublishOptions, IClientSubscribeOptions, MqttClient } from 'mqtt'
import { connect } from 'mqtt'
import type { IConnackPacket, IDisconnectPacket, IPublishPacket, UserProperties } from 'mqtt-packet'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { ScramClient } from '../../../../test/support/scram-client.ts'
import type { Broker, BrokerOptions } from '../index.ts'

const TRANSPORTS = ['tcp', 'ws'] as const

interface Site {
  broker: Broker
  dial(options?: IClientOptions): MqttClient
  client(options?: IClientOptions): Promise<[MqttClient, IConnackPacket]>
}

async function site(
  options: BrokerOptions = {},
  transport: (typeof TRANSPORTS)[number] = 'tcp',
): Promise<Site> {
  const broker = await listeningBroker({ listeners: [{ transport, port: 0 }], ...options })
  function dial(given: IClientOptions = {}): MqttClient {
    const made = connect(broker.addresses[0].url, { protocolVersion: 5, reconnectPeriod: 0, ...given })
    onTestFinished(() => made.endAsync(true))
    return made
  }
  async function client(given?: IClientOptions): Promise<[MqttClient, IConnackPacket]> {
    const made = dial(given)
    const connack = await new Promise<IConnackPacket>((resolve, reject) =>
      made.once('connect', resolve).once('error', reject),
    )
    return [made, connack]
  }
  return { broker, dial, client }
}

/** The next `count` messages. */
function messages(from: MqttClient, count: number): Promise<IPublishPacket[]> {
  const received: IPublishPacket[] = []
  return new Promise((resolve) => {
    from.on('message', (_topic, _payload, packet) => {
      received.push(packet)
      if (received.length === count) resolve(received)
    })
  })
}

const texts = (packets: readonly IPublishPacket[]): string[] => packets.map(({ payload }) => String(payload))

/** What MQTT.js read without a prototype. */
const plain = (given: UserProperties | undefined): UserProperties => ({ ...given })

const lasting = (clientId: string, properties: IClientOptions['properties'] = {}): IClientOptions => ({
  clientId,
  clean: false,
  properties: { sessionExpiryInterval: 60, ...properties },
})

describe.each(TRANSPORTS)('MQTT.js at 5.0 over %s', (transport) => {
  test.each([0, 1, 2] as const)('sends and receives, in order, with all properties, QoS %i', async (qos) => {
    const { client } = await site({}, transport)
    const [[publisher], [subscriber]] = [await client(), await client()]
    await subscriber.subscribeAsync('a/+', { qos, properties: { subscriptionIdentifier: 200 } })
    const all = messages(subscriber, 30)
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      contentType: 'text/plain',
      responseTopic: 'answer',
      correlationData: Buffer.from([0, 255]),
      userProperties: { a: '1', b: ['2', '3'] },
    }
    const payloads = Array.from({ length: 30 }, (_, i) => String(i))
    // MQTT.js does not keep to the receive maximum of 32.
    await Promise.all(payloads.map((payload) => publisher.publishAsync('a/b', payload, { qos, properties })))
    const got = await all
    expect(texts(got)).toEqual(payloads)
    for (const { properties: one, qos: sent } of got) {
      expect(sent).toBe(qos)
      expect({ ...one, userProperties: plain(one?.userProperties) }).toEqual({
        ...properties,
        subscriptionIdentifier: 200,
      })
    }
  })
})

describe('MQTT.js at 5.0', () => {
  test('hears in CONNACK what the server takes, and its name', async () => {
    const { client } = await site({ keepalive: { maximum: 30 }, sessionManager: { maximumExpiry: 100 } })
    const [, { properties }] = await client({
      clientId: '',
      keepalive: 60,
      properties: { sessionExpiryInterval: 1_000, userProperties: { a: 'b' } },
    })
    expect(properties).toMatchObject({
      serverKeepAlive: 30,
      sessionExpiryInterval: 100,
      receiveMaximum: 32,
      topicAliasMaximum: 16,
    })
    expect(properties?.assignedClientIdentifier).toMatch(/^auto-/)
  })

  test('resumes its session, and not after it has ended', async () => {
    const { client, dial } = await site()
    const [first, connack] = await client(lasting('one'))
    expect(connack.sessionPresent).toBe(false)
    await first.subscribeAsync('a', { qos: 2 })
    await first.endAsync()
    const [publisher] = await client()
    for (const qos of [1, 2] as const) await publisher.publishAsync('a', `missed ${qos}`, { qos })
    const second = dial(lasting('one'))
    const got = messages(second, 3)
    const present = new Promise((resolve) =>
      second.once('connect', ({ sessionPresent }) => resolve(sessionPresent)),
    )
    expect(await present).toBe(true)
    await publisher.publishAsync('a', 'live', { qos: 1 })
    // MQTT.js hands out QoS 2 when it is released.
    expect(texts(await got).sort()).toEqual(['live', 'missed 1', 'missed 2'])
    await second.endAsync(false, { reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
    const [, last] = await client(lasting('one'))
    expect(last.sessionPresent).toBe(false)
  })

  test('is told when somebody takes over', async () => {
    const { client } = await site()
    const [first] = await client({ clientId: 'one' })
    const told = new Promise<IDisconnectPacket>((resolve) => first.once('disconnect', resolve))
    await client({ clientId: 'one' })
    expect((await told).reasonCode).toBe(0x8e)
  })

  test('is told when the server ends', async () => {
    const { client, broker } = await site()
    const [one] = await client()
    const told = new Promise<IDisconnectPacket>((resolve) => one.once('disconnect', resolve))
    await broker.close()
    expect((await told).reasonCode).toBe(0x8b)
  })

  test.each([
    ['autoAssignTopicAlias', { autoAssignTopicAlias: true, autoUseTopicAlias: false }],
    ['autoUseTopicAlias', { autoAssignTopicAlias: false, autoUseTopicAlias: true }],
  ])('uses topic aliases both ways: %s', async (_how, options) => {
    const { client } = await site({ outboundManager: { topicAliases: 4 } })
    const [subscriber] = await client({ properties: { topicAliasMaximum: 4 } })
    await subscriber.subscribeAsync('#', { qos: 1 })
    const [publisher] = await client(options)
    const got: string[] = []
    const all = new Promise<void>((resolve) => {
      subscriber.on('message', (topic, payload) => {
        got.push(`${topic} ${payload}`)
        if (got.length === 60) resolve()
      })
    })
    for (let i = 0; i < 60; i++) {
      const properties = i < 6 && options.autoUseTopicAlias ? { topicAlias: i + 1 } : undefined
      await publisher.publishAsync(`t/${i % 6}`, `${i % 6}`, { qos: i % 2 === 0 ? 1 : 0, properties })
    }
    await all
    for (const message of got) expect(message).toMatch(/^t\/(\d) \1$/)
  })

  test('keeps its receive maximum, and the server keeps the client’s', async () => {
    const { client } = await site({ inboundManager: { receiveMaximum: 5 } })
    const [subscriber] = await client({ properties: { receiveMaximum: 3 } })
    await subscriber.subscribeAsync('a', { qos: 2 })
    const [publisher] = await client()
    const got = messages(subscriber, 40)
    for (let i = 0; i < 40; i++) await publisher.publishAsync('a', String(i), { qos: i % 2 === 0 ? 2 : 1 })
    expect(texts(await got)).toEqual(Array.from({ length: 40 }, (_, i) => String(i)))
  })

  test('gets no packet larger than it takes', async () => {
    const { client } = await site()
    const [subscriber] = await client({ properties: { maximumPacketSize: 100 } })
    await subscriber.subscribeAsync('a', { qos: 1 })
    const [publisher] = await client()
    const got = messages(subscriber, 1)
    for (const payload of ['x'.repeat(200), 'small']) await publisher.publishAsync('a', payload, { qos: 1 })
    expect(texts(await got)).toEqual(['small'])
  })

  test('leaves a will with properties and a delay', async () => {
    const { client } = await site({ lastwill: { sweep: 10 } })
    const [watcher] = await client()
    await watcher.subscribeAsync('gone', { qos: 1 })
    const got = messages(watcher, 1)
    const will = {
      topic: 'gone',
      payload: Buffer.from('bye'),
      qos: 1 as const,
      retain: true,
      properties: { willDelayInterval: 1, contentType: 'text/plain', userProperties: { a: 'b' } },
    }
    const [polite] = await client({ ...lasting('polite'), will: { ...will, payload: Buffer.from('never') } })
    await polite.endAsync()
    const [back] = await client({ ...lasting('back'), will: { ...will, payload: Buffer.from('never') } })
    back.stream.destroy()
    const [lost] = await client({ ...lasting('lost'), will })
    lost.stream.destroy()
    await client(lasting('back'))
    const [{ payload, properties }] = await got
    expect(String(payload)).toBe('bye')
    expect(properties).toMatchObject({ contentType: 'text/plain' })
    expect(properties).not.toHaveProperty('willDelayInterval')
  })

  test('has its will with DISCONNECT 0x04', async () => {
    const { client } = await site()
    const [watcher] = await client()
    await watcher.subscribeAsync('gone')
    const got = messages(watcher, 1)
    const [one] = await client({
      will: { topic: 'gone', payload: Buffer.from('bye'), qos: 0, retain: false },
    })
    await one.endAsync(false, { reasonCode: 4 })
    expect(texts(await got)).toEqual(['bye'])
  })

  test.each<[string, IClientSubscribeOptions, IClientPublishOptions, string[]]>([
    ['no local', { qos: 1, nl: true }, { qos: 1 }, ['of another false']],
    ['retain as published', { qos: 1, rap: true }, { qos: 1, retain: true }, ['own true', 'of another true']],
    ['neither', { qos: 1 }, { qos: 1, retain: true }, ['own false', 'of another false']],
  ])('subscribes with options: %s', async (_what, subscribe, publish, wanted) => {
    const { client } = await site()
    const [[one], [another]] = [await client(), await client()]
    await one.subscribeAsync('a', subscribe)
    const got = messages(one, wanted.length)
    await one.publishAsync('a', 'own', publish)
    await another.publishAsync('a', 'of another', publish)
    expect((await got).map(({ payload, retain }) => `${payload} ${retain}`)).toEqual(wanted)
  })

  test.each([
    [0, ['kept', 'kept', 'end']],
    [1, ['kept', 'end']],
    [2, ['end']],
  ] as const)('retain handling %i', async (rh, wanted) => {
    const { client } = await site()
    const [one] = await client()
    await one.publishAsync('a', 'kept', { qos: 1, retain: true })
    const got = messages(one, wanted.length)
    for (let i = 0; i < 2; i++) await one.subscribeAsync('a', { qos: 1, rh })
    await one.publishAsync('a', 'end', { qos: 1 })
    expect(texts(await got)).toEqual(wanted)
  })

  test('shares a subscription', async () => {
    const { client } = await site()
    const members = [(await client())[0], (await client())[0], (await client())[0]]
    let count = 0
    const counts = [0, 0, 0]
    const done = new Promise<void>((resolve) => {
      for (const [i, member] of members.entries())
        member.on('message', () => {
          counts[i]++
          if (++count === 30) resolve()
        })
    })
    for (const member of members) await member.subscribeAsync('$share/g/a', { qos: 1 })
    const [publisher] = await client()
    for (let i = 0; i < 30; i++) await publisher.publishAsync('a', String(i), { qos: 1 })
    await done
    expect(counts).toEqual([10, 10, 10])
  })

  test('is told of refusals: SUBACK, UNSUBACK, PUBACK, PUBREC, CONNACK', async () => {
    const { client } = await site({
      use: [
        {
          after: 'authorize',
          middleware: {
            name: 'Rules',
            authorizePacket({ packet }, store) {
              if (packet.cmd === 'publish') store.valid = packet.topic !== 'no'
              else if (packet.cmd === 'subscribe') store.valid = packet.subscriptions[0].topic !== 'no'
            },
          },
        },
      ],
    })
    const [one] = await client()
    await expect(one.subscribeAsync('no')).rejects.toThrow(/not authorized/i)
    for (const qos of [1, 2] as const)
      await expect(one.publishAsync('no', 'x', { qos })).rejects.toMatchObject({ code: 0x87 })
    const unsuback = (await one.unsubscribeAsync('never')) as unknown as { granted: number[] }
    expect(unsuback.granted).toEqual([0x11])
    await expect(client({ username: 'eve', password: 'x' })).rejects.toMatchObject({ code: 0x86 })
  })

  test('refuses messages itself, which are then over', async () => {
    const { client } = await site()
    const [one] = await client({
      properties: { receiveMaximum: 1 },
      customHandleAcks: (_topic, message, _packet, done) =>
        done(null as never, String(message) === 'bad' ? 0x97 : 0),
    })
    await one.subscribeAsync('a', { qos: 2 })
    const [publisher] = await client()
    const got = messages(one, 2)
    for (const [payload, qos] of [
      ['bad', 1],
      ['bad', 2],
      ['good', 1],
      ['good', 2],
    ] as const)
      await publisher.publishAsync('a', payload, { qos })
    expect(texts(await got)).toEqual(['good', 'good'])
  })

  test('asks and answers', async () => {
    const { client } = await site()
    const [[asker], [answerer]] = [await client(), await client()]
    await answerer.subscribeAsync('ask')
    answerer.on('message', (_topic, payload, { properties }) => {
      answerer.publish(properties?.responseTopic ?? '', `re: ${payload}`, {
        properties: { correlationData: properties?.correlationData },
      })
    })
    await asker.subscribeAsync('answers')
    const got = messages(asker, 1)
    await asker.publishAsync('ask', 'time', {
      properties: { responseTopic: 'answers', correlationData: Buffer.from('7') },
    })
    const [answer] = await got
    expect([String(answer.payload), String(answer.properties?.correlationData)]).toEqual(['re: time', '7'])
  })

  test('authenticates by SCRAM-SHA-256', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scram-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'users')
    writeFileSync(file, `joe:$6$x$y::${await scramKeys('secret', 'SCRAM-SHA-256', 4_096)}`)
    const { dial } = await site({
      use: [{ middleware: new ScramAuth({ file }), after: 'authentication' }],
      authorize: false,
    })
    async function authenticate(password: string): Promise<[number, boolean]> {
      const scram = new ScramClient('joe', password)
      const method = { authenticationMethod: 'SCRAM-SHA-256' }
      const one = dial({ properties: { ...method, authenticationData: scram.first() } })
      one.handleAuth = ({ properties }, callback) => {
        const authenticationData = scram.final(properties?.authenticationData)
        callback(undefined, { cmd: 'auth', reasonCode: 0x18, properties: { ...method, authenticationData } })
      }
      return new Promise((resolve) => {
        one.once('connect', ({ reasonCode = 0, properties }) =>
          resolve([reasonCode, scram.trusts(properties?.authenticationData)]),
        )
        one.once('error', (error) => resolve([(error as { code?: number }).code ?? -1, false]))
      })
    }
    expect(await authenticate('secret')).toEqual([0, true])
    expect(await authenticate('guess')).toEqual([0x87, false])
  })
})
