import type { MiddlewareLike } from '@mqtt-stack/core'
import type { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { ConnectOptions, OpenOptions, Received, TestClient } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Broker5 } from '../../../test/rig/broker.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { bytesOf, frame, messagesOf, pair, properties, text } from '../../../test/rig/bytes.ts'

type Given = ConnectOptions & OpenOptions
type Properties = NonNullable<Received<'publish'>['properties']>

/** Sessions with a log in the backend and without. */
const SESSIONS = [
  ['that ends with its connection', 0],
  ['that is kept', 600],
] as const

const withSession = (sessionExpiryInterval: number, more: Given = {}): Given => ({
  clientId: 'one',
  clean: false,
  ...more,
  properties: { sessionExpiryInterval, ...more.properties },
})

/** The payloads that came. */
function payloads({ received }: TestClient): string[] {
  return received.flatMap((packet) => (packet.cmd === 'publish' ? [String(packet.payload)] : []))
}

/** The properties of the messages that came; `undefined` for none. */
function propertiesOf({ received }: TestClient): (Properties | undefined)[] {
  return received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.properties] : []))
}

/** Notes in `told` what was dropped. */
const dropsInto = (told: string[]): MiddlewareLike => ({
  name: 'Drops',
  messageDropped: ({ packet, reason }) => void told.push(`${packet.payload} ${reason}`),
})

describe.each(SESSIONS)('the receive maximum of a client with a session %s', (_name, expiry) => {
  it.each([1, 2] as const)(
    '[MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] is never passed, QoS %i',
    async (qos) => {
      const { client, seconds } = broker5()
      const one = await client(withSession(expiry, { autoAck: false, properties: { receiveMaximum: 2 } }))
      await one.subscribe('a', { qos })
      const publisher = await client()
      for (let i = 0; i < 5; i++) await publisher.publish('a', String(i), { qos })
      await seconds(0)
      expect(payloads(one)).toEqual(['0', '1'])
      for (let i = 0; i < 5; i++) {
        const { messageId } = await one.next('publish')
        if (qos === 2) {
          one.send({ cmd: 'pubrec', messageId })
          await one.next('pubrel')
          // PUBREC makes no room.
          expect(payloads(one)).toHaveLength(Math.min(i + 2, 5))
        }
        one.send({ cmd: qos === 1 ? 'puback' : 'pubcomp', messageId })
        await seconds(0)
        expect(payloads(one)).toHaveLength(Math.min(i + 3, 5))
      }
      expect(payloads(one)).toEqual(['0', '1', '2', '3', '4'])
    },
  )

  it.each([
    ['puback', 1],
    ['pubrec', 2],
  ] as const)('[MQTT-4.9.0-2] is made room in by a %s that refuses', async (cmd, qos) => {
    const { client, seconds } = broker5()
    const one = await client(withSession(expiry, { autoAck: false, properties: { receiveMaximum: 1 } }))
    await one.subscribe('a', { qos })
    const publisher = await client()
    for (const payload of ['0', '1', '2']) await publisher.publish('a', payload, { qos })
    for (const code of [0x80, 0x97, 0x99]) {
      const { messageId } = await one.next('publish')
      one.send({ cmd, messageId, reasonCode: code })
      await seconds(0)
    }
    expect(payloads(one)).toEqual(['0', '1', '2'])
    expect(one.received.filter((packet) => packet.cmd === 'pubrel')).toEqual([])
  })

  it('[MQTT-3.3.4-10] [MQTT-4.9.0-3] keeps back nothing but QoS 1 and 2', async () => {
    const { client, seconds } = broker5()
    const one = await client(withSession(expiry, { autoAck: false, properties: { receiveMaximum: 1 } }))
    await one.subscribe('a', { qos: 1 })
    for (const qos of [1, 1, 0] as const)
      one.send({
        cmd: 'publish',
        topic: 'a',
        payload: `q${qos}`,
        qos,
        messageId: 9,
        dup: false,
        retain: false,
      })
    await one.subscribe('b')
    await one.unsubscribe('b')
    await one.ping()
    await seconds(0)
    // QoS 0 may overtake what waits for a commit.
    expect(payloads(one).toSorted()).toEqual(['q0', 'q1'])
  })

  it('holds for what was retained, and for what was missed', async () => {
    const { client, seconds } = broker5()
    const publisher = await client()
    for (const topic of ['a/1', 'a/2', 'a/3']) await publisher.publish(topic, topic, { qos: 1, retain: true })
    const given = withSession(expiry, { autoAck: false, properties: { receiveMaximum: 2 } })
    const first = await client(given)
    await first.subscribe('a/#', { qos: 1 })
    await seconds(0)
    expect(payloads(first)).toEqual(['a/1', 'a/2'])
    if (expiry === 0) return
    await first.drop()
    const second = await client({ ...given, properties: { ...given.properties, receiveMaximum: 1 } })
    await seconds(0)
    expect(payloads(second)).toEqual(['a/1'])
  })
})

it('[MQTT-4.9.0-1] the server’s own window may be smaller', async () => {
  const { client, seconds } = broker5({ outboundManager: { inflight: 3 } })
  const one = await client({ autoAck: false, properties: { receiveMaximum: 100 } })
  await one.subscribe('a', { qos: 1 })
  const publisher = await client()
  for (let i = 0; i < 5; i++) await publisher.publish('a', String(i), { qos: 1 })
  await seconds(0)
  expect(payloads(one)).toHaveLength(3)
})

describe.each(SESSIONS)('the maximum packet size of a client with a session %s', (_name, expiry) => {
  // Header and length, topic, identifier, no properties.
  const overhead = (qos: 0 | 1 | 2): number => 2 + 3 + (qos > 0 ? 2 : 0) + 1

  it.each([0, 1, 2] as const)(
    '[MQTT-3.1.2-24] [MQTT-3.1.2-25] is kept; what is larger counts as delivered, QoS %i',
    async (qos) => {
      const told: string[] = []
      const { client, seconds, memory } = broker5({ use: [dropsInto(told)] })
      const limit = { maximumPacketSize: 60, receiveMaximum: 1 }
      const one = await client(withSession(expiry, { properties: limit }))
      await one.subscribe('a', { qos })
      const other = await client()
      await other.subscribe('a', { qos })
      const publisher = await client()
      const fits = 'x'.repeat(60 - overhead(qos))
      for (const payload of [`${fits}!`, fits, `${fits}!!`, 'small']) {
        const ack = await publisher.publish('a', payload, { qos })
        expect(ack === undefined || 'reasonCode' in ack ? (ack?.reasonCode ?? 0) : 0).toBe(0)
      }
      await seconds(0)
      expect(payloads(one)).toEqual([fits, 'small'])
      expect(payloads(other)).toHaveLength(4)
      expect(told).toEqual([`${fits}! too-large`, `${fits}!! too-large`])
      expect(memory.stats.messages).toBe(0)
    },
  )

  it('[MQTT-3.1.2-24] counts what this client alone gets: an identifier', async () => {
    const { client, seconds } = broker5()
    const one = await client(withSession(expiry, { properties: { maximumPacketSize: 60 } }))
    await one.subscribe('a', { qos: 1, properties: { subscriptionIdentifier: 200 } })
    const publisher = await client()
    // Three bytes of identifier.
    for (const size of [60 - 3, 60 - 2])
      await publisher.publish('a', 'x'.repeat(size - overhead(1)), { qos: 1 })
    await seconds(0)
    expect(payloads(one).map((payload) => payload.length + overhead(1) + 3)).toEqual([60])
  })

  it('[MQTT-3.1.2-24] holds for what was retained', async () => {
    const { client, seconds } = broker5()
    const publisher = await client()
    await publisher.publish('a/large', 'x'.repeat(100), { qos: 1, retain: true })
    await publisher.publish('a/small', 'y', { qos: 1, retain: true })
    const one = await client(withSession(expiry, { properties: { maximumPacketSize: 60 } }))
    await one.subscribe('a/#', { qos: 1 })
    await seconds(0)
    expect(payloads(one)).toEqual(['y'])
  })
})

it('[MQTT-3.1.2-24] what waits in a session is held against what the next connection takes', async () => {
  const { client, seconds, memory } = broker5()
  const first = await client(withSession(600))
  await first.subscribe('a', { qos: 1 })
  await first.drop()
  const publisher = await client()
  for (const payload of ['x'.repeat(100), 'small']) await publisher.publish('a', payload, { qos: 1 })
  const second = await client(withSession(600, { properties: { maximumPacketSize: 60 } }))
  await seconds(0)
  expect(payloads(second)).toEqual(['small'])
  await second.drop()
  expect(memory.stats.messages).toBe(0)
})

describe('reason strings and user properties of the server', () => {
  /** Says more than is needed. */
  const talkative = {
    name: 'Talkative',
    handles: ['unsubscribe'] as const,
    handle(client: { write(packet: object): void }, packet: { packetId?: number }) {
      client.write({
        cmd: 'unsuback',
        packetId: packet.packetId,
        granted: [0],
        properties: { reasonString: 'because it is so', userProperties: { a: 'b'.repeat(30) } },
      })
    },
  }
  const options = { use: [{ middleware: talkative, before: 'subscriptionManager' }] } as Parameters<
    typeof broker5
  >[0]

  it.each([
    ['[MQTT-3.1.2-29] are sent to who wants them', {}, ['because it is so', 30]],
    [
      '[MQTT-3.1.2-29] are not sent to who does not',
      { requestProblemInformation: false },
      [undefined, undefined],
    ],
    [
      '[MQTT-3.11.2-2] are left out one by one for want of room',
      { maximumPacketSize: 30 },
      ['because it is so', undefined],
    ],
    ['[MQTT-3.11.2-1] are left out both for want of room', { maximumPacketSize: 24 }, [undefined, undefined]],
  ])('%s', async (_what, asked, [reason, length]) => {
    const { client } = broker5(options)
    const one = await client({ properties: asked as ConnectOptions['properties'] })
    const { properties: said } = await one.unsubscribe('a')
    expect(said?.reasonString).toBe(reason)
    expect(said?.userProperties?.[0][1].length).toBe(length)
  })

  it.each([
    [1_000, true, true],
    [1_000, false, true],
    [20, true, false],
  ])(
    '[MQTT-3.14.2-3] [MQTT-3.1.2-29] DISCONNECT says why where there is room: %i bytes, wanted %s',
    async (maximumPacketSize, requestProblemInformation, told) => {
      const { client } = broker5()
      const one = await client({ properties: { maximumPacketSize, requestProblemInformation } })
      one.send({ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'x' } })
      const { reasonCode, properties: said } = await one.next('disconnect')
      expect(reasonCode).toBe(0x82)
      expect(said?.reasonString !== undefined).toBe(told)
      expect(said ?? {}).not.toHaveProperty('sessionExpiryInterval')
    },
  )

  it.each([
    [1_000, true],
    [20, false],
  ])('[MQTT-3.2.2-19] CONNACK says why where there is room: %i bytes', async (maximumPacketSize, told) => {
    const { open } = broker5()
    const one = open()
    const connack = await one.connect({
      username: 'eve',
      password: 'x',
      properties: { maximumPacketSize },
    })
    expect(connack.reasonCode).toBe(0x86)
    expect(connack.properties?.reasonString !== undefined).toBe(told)
  })
})

describe('topic aliases of the server', () => {
  /** Topic and alias of each message. */
  function names({ received }: TestClient): string[] {
    return received.flatMap((packet) =>
      packet.cmd === 'publish'
        ? [`${packet.topic}:${packet.properties?.topicAlias ?? ''} ${packet.payload}`]
        : [],
    )
  }

  async function ask(
    test: Broker5,
    topicAliasMaximum: number | undefined,
    more: Given = {},
  ): Promise<TestClient> {
    const asked = topicAliasMaximum === undefined ? {} : { topicAliasMaximum }
    const one = await test.client({ ...more, properties: { ...more.properties, ...asked } })
    await one.subscribe('#', { qos: 2 })
    return one
  }

  it.each([
    // the option, what the client takes, what is used
    [0, 10, 0],
    [10, 0, 0],
    [10, undefined, 0],
    [2, 10, 2],
    [10, 2, 2],
  ])(
    '[MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] of %i that may be, for a client that takes %s: %i are set',
    async (topicAliases, takes, used) => {
      const test = broker5({ outboundManager: { topicAliases } })
      const one = await ask(test, takes)
      const publisher = await test.client()
      for (let round = 1; round <= 2; round++)
        for (const topic of ['a', 'b', 'c']) await publisher.publish(topic, `${topic}${round}`)
      await test.seconds(0)
      expect(names(one)).toEqual(
        used === 0
          ? ['a: a1', 'b: b1', 'c: c1', 'a: a2', 'b: b2', 'c: c2']
          : ['a:1 a1', 'b:2 b1', 'c: c1', ':1 a2', ':2 b2', 'c: c2'],
      )
    },
  )

  it('are set at every QoS, and keep the properties', async () => {
    const test = broker5({ outboundManager: { topicAliases: 5 } })
    const one = await ask(test, 5)
    const publisher = await test.client()
    for (const qos of [1, 2, 0] as const)
      await publisher.publish('a', `q${qos}`, {
        qos,
        properties: { contentType: 'x', userProperties: { a: 'b' } },
      })
    await test.seconds(0)
    expect(names(one)).toEqual(['a:1 q1', ':1 q2', ':1 q0'])
    for (const got of propertiesOf(one)) expect(got).toMatchObject({ contentType: 'x', topicAlias: 1 })
  })

  it('[MQTT-3.3.2-7] are of one connection: what is sent again has its topic', async () => {
    const test = broker5({ outboundManager: { topicAliases: 5 } })
    const session = withSession(600, { autoAck: false })
    const first = await ask(test, 5, session)
    const publisher = await test.client()
    for (const payload of ['1', '2']) await publisher.publish('a', payload, { qos: 1 })
    await test.seconds(0)
    expect(names(first)).toEqual(['a:1 1', ':1 2'])
    await first.drop()
    const second = await test.client({
      ...session,
      properties: { ...session.properties, topicAliasMaximum: 5 },
    })
    await test.seconds(0)
    expect(names(second)).toEqual(['a:1 1', ':1 2'])
    await second.drop()
    const third = await test.client(session)
    await test.seconds(0)
    expect(names(third)).toEqual(['a: 1', 'a: 2'])
  })

  it('are not set by what was too large to be sent, and let through what is not too large without the topic', async () => {
    const test = broker5({ outboundManager: { topicAliases: 5 } })
    const one = await ask(test, 5, { properties: { maximumPacketSize: 40 } })
    const publisher = await test.client()
    const topic = 'a'.repeat(20)
    for (const size of [30, 5, 25]) await publisher.publish(topic, 'x'.repeat(size))
    await test.seconds(0)
    expect(names(one)).toEqual([`${topic}:1 xxxxx`, `:1 ${'x'.repeat(25)}`])
  })

  it('are set for what was retained', async () => {
    const test = broker5({ outboundManager: { topicAliases: 5 } })
    const publisher = await test.client()
    await publisher.publish('a', '1', { retain: true })
    const one = await ask(test, 5)
    await publisher.publish('a', '2')
    await test.seconds(0)
    expect(names(one)).toEqual(['a:1 1', ':1 2'])
  })

  it('older clients have none', async () => {
    const test = broker5({ outboundManager: { topicAliases: 5 } })
    const old = await test.client({ protocolVersion: 4 })
    await old.subscribe('#')
    await old.publish('a', 'x')
    expect(messagesOf(old)).toEqual(['a x q0'])
  })
})

/** All that a message may have, its user properties in an order of their own. */
const USER_PROPERTIES = [
  ['b', '1'],
  ['a', '2'],
  ['b', '3'],
  ['', ''],
  ['b', '1'],
] as const
const PAIRS = USER_PROPERTIES.map(([name, value]) => pair(name, value))
const ALL = properties(
  [1, 1],
  PAIRS[0],
  [3],
  text('text/plain'),
  PAIRS[1],
  PAIRS[2],
  [8],
  text('answer/here'),
  [9],
  text('\u0001\u0002'),
  PAIRS[3],
  PAIRS[4],
)

describe('the properties of a message', () => {
  const sent = (header: number): Buffer =>
    frame(header, text('a'), (header & 6) === 0 ? [] : [0, 7], ALL, Buffer.from('payload'))

  /** What was sent stands in what came, byte for byte. */
  function expectAll(bytes: Buffer, count = 1): void {
    const parts = bytes.toString('latin1').split(ALL.toString('latin1'))
    expect(parts).toHaveLength(count + 1)
  }

  const STATEMENTS =
    '[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]'

  it.each([0, 1, 2] as const)(`${STATEMENTS} come as they were, from QoS %i`, async (qos) => {
    const { client, seconds } = broker5()
    const publisher = await client()
    const all = []
    for (const granted of [0, 1, 2] as const) {
      const one = await client()
      await one.subscribe('a', { qos: granted })
      all.push({ one, bytes: bytesOf(one) })
    }
    publisher.raw(sent(0x30 | (qos << 1)))
    await seconds(0)
    for (const { one, bytes } of all) {
      expect(payloads(one)).toEqual(['payload'])
      expectAll(bytes())
    }
  })

  it(`${STATEMENTS} come as they were from queue, log and retained store`, async () => {
    const { client, seconds } = broker5()
    const publisher = await client()
    const queued = await client({ autoAck: false, properties: { receiveMaximum: 1 } })
    const logged = await client(withSession(600))
    for (const one of [queued, logged]) await one.subscribe('a', { qos: 1 })
    await logged.drop()
    const waiting = bytesOf(queued)
    publisher.raw(sent(0x33))
    await publisher.next('puback')
    publisher.raw(sent(0x33))
    await publisher.next('puback')
    await seconds(0)
    expectAll(waiting(), 1)
    queued.send({ cmd: 'puback', messageId: (await queued.next('publish')).messageId })
    await seconds(0)
    expectAll(waiting(), 2)
    const late = await client()
    const kept = bytesOf(late)
    await late.subscribe('a', { qos: 1 })
    await seconds(0)
    expectAll(kept())
    const back = await client(withSession(600))
    await seconds(0)
    for (const got of propertiesOf(back)) expect(got?.userProperties).toEqual(USER_PROPERTIES)
  })

  it('of the broker’s own come too', async () => {
    const { broker, client, seconds } = broker5()
    const one = await client()
    await one.subscribe('a')
    await broker.publish('a', 'x', { properties: { contentType: 'text/plain', messageExpiryInterval: 9 } })
    await seconds(0)
    expect(propertiesOf(one)).toEqual([{ contentType: 'text/plain', messageExpiryInterval: 9 }])
  })

  it('stay with a message that a rule changes', async () => {
    const rename = {
      name: 'Rename',
      relayMessage(ctx: { packet: { with(changes: object): never } }) {
        ctx.packet = ctx.packet.with({ topic: 'b' })
      },
    }
    const { client, seconds } = broker5({ use: [rename as never] })
    const [publisher, one] = [await client(), await client()]
    await one.subscribe('b')
    const bytes = bytesOf(one)
    publisher.raw(sent(0x30))
    await seconds(0)
    expectAll(bytes())
  })
})

describe('message expiry', () => {
  const left = (one: TestClient): (number | undefined)[] =>
    propertiesOf(one).map((got) => got?.messageExpiryInterval)

  async function publish(
    publisher: TestClient,
    intervals: readonly number[],
    more: object = {},
  ): Promise<void> {
    for (const messageExpiryInterval of intervals)
      await publisher.publish('a', String(messageExpiryInterval), {
        qos: 1,
        properties: { messageExpiryInterval },
        ...more,
      })
  }

  it.each(SESSIONS)(
    '[MQTT-3.3.2-6] is what it was for who gets it at once, in a session %s',
    async (_name, expiry) => {
      const { client, seconds } = broker5()
      const one = await client(withSession(expiry))
      await one.subscribe('a', { qos: 2 })
      const publisher = await client()
      for (const qos of [0, 1, 2] as const) await publish(publisher, [10, 0xffff_ffff], { qos })
      await seconds(0)
      expect(left(one)).toEqual([10, 0xffff_ffff, 10, 0xffff_ffff, 10, 0xffff_ffff])
    },
  )

  it.each(SESSIONS)(
    '[MQTT-3.3.2-5] [MQTT-3.3.2-6] goes on while the message waits for room, in a session %s',
    async (_name, expiry) => {
      const told: string[] = []
      const { client, seconds, memory } = broker5({ use: [dropsInto(told)] })
      const one = await client(withSession(expiry, { autoAck: false, properties: { receiveMaximum: 1 } }))
      await one.subscribe('a', { qos: 1 })
      const publisher = await client()
      await publish(publisher, [100, 5, 50, 20])
      await seconds(7)
      one.autoAck = true
      one.send({ cmd: 'puback', messageId: (await one.next('publish')).messageId })
      await seconds(0)
      expect(left(one)).toEqual([100, 43, 13])
      expect(told).toEqual(['5 expired'])
      expect(memory.stats.messages).toBe(0)
    },
  )

  it('[MQTT-3.3.2-5] [MQTT-3.3.2-6] goes on in a log', async () => {
    const told: string[] = []
    const { client, seconds, memory } = broker5({ use: [dropsInto(told)] })
    const first = await client(withSession(600))
    await first.subscribe('a', { qos: 2 })
    await first.drop()
    const publisher = await client()
    await publish(publisher, [100, 5], { qos: 2 })
    await seconds(4.2)
    await publish(publisher, [50])
    await publisher.publish('a', 'for ever', { qos: 1 })
    await seconds(2)
    const second = await client(withSession(600))
    await seconds(0)
    // What was begun counts as a whole second.
    expect(left(second)).toEqual([94, 48, undefined])
    expect(told).toEqual(['5 expired'])
    expect(memory.stats.messages).toBe(0)
  })

  it('[MQTT-3.3.2-5] keeps nothing else out of a log that is full', async () => {
    const told: string[] = []
    const options = { use: [dropsInto(told)], backend: { sessionMessages: 3 } }
    const { client, seconds } = broker5(options)
    const given = withSession(600, { autoAck: false, properties: { receiveMaximum: 1 } })
    const first = await client(given)
    await first.subscribe('a', { qos: 1 })
    const publisher = await client()
    // Sent: its time is not over any more.
    await publish(publisher, [1])
    await seconds(0)
    await first.drop()
    await publish(publisher, [5, 100, 200])
    expect(told).toEqual(['200 log-full'])
    await seconds(10)
    await publish(publisher, [300, 400])
    expect(told).toEqual(['200 log-full', '5 expired', '400 log-full'])
    const second = await client({ ...given, autoAck: true })
    await seconds(0)
    expect(payloads(second)).toEqual(['1', '100', '300'])
  })

  it('[MQTT-3.3.2-5] [MQTT-3.3.2-6] goes on in the retained store', async () => {
    const { client, seconds, memory } = broker5()
    const publisher = await client()
    await publish(publisher, [10], { retain: true })
    await seconds(6)
    const early = await client()
    await early.subscribe('a', { qos: 1 })
    await seconds(0)
    expect(left(early)).toEqual([4])
    await seconds(4)
    const late = await client()
    await late.subscribe('a', { qos: 1 })
    await seconds(0)
    expect(left(late)).toEqual([])
    expect(memory.stats.retained).toBe(0)
  })

  it('[MQTT-3.3.2-6] of what was retained goes on in a log as well', async () => {
    const { client, seconds } = broker5()
    const publisher = await client()
    await publish(publisher, [100], { retain: true })
    await seconds(10)
    const first = await client(withSession(600, { autoAck: false }))
    await first.subscribe('a', { qos: 1 })
    await seconds(0)
    expect(left(first)).toEqual([90])
    await first.drop()
    await seconds(10)
    const second = await client(withSession(600))
    await seconds(0)
    expect(left(second)).toEqual([80])
  })

  it.each([
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const)(
    '[MQTT-4.3.3-7] [MQTT-4.4.0-1] is nothing for what was sent: it comes again, QoS %i',
    async (qos, cmd) => {
      const { client, seconds } = broker5()
      const given = withSession(600, { autoAck: false, properties: { receiveMaximum: 1 } })
      const first = await client(given)
      await first.subscribe('a', { qos })
      const publisher = await client()
      await publish(publisher, [5, 6], { qos })
      await seconds(0)
      expect(payloads(first)).toEqual(['5'])
      await first.drop()
      await seconds(20)
      const second = await client(given)
      await seconds(0)
      const again = await second.next('publish')
      expect([String(again.payload), again.dup, again.properties?.messageExpiryInterval]).toEqual([
        '5',
        true,
        0,
      ])
      second.send({ cmd, messageId: again.messageId })
      if (qos === 2) second.send({ cmd: 'pubcomp', messageId: (await second.next('pubrel')).messageId })
      await seconds(0)
      // What was not sent is over.
      expect(payloads(second)).toEqual(['5'])
    },
  )

  it('older receivers do not see it, and get nothing that is over', async () => {
    const { client, seconds } = broker5()
    const session = { clientId: 'old', clean: false, protocolVersion: 4 } as const
    const first = await client(session)
    await first.subscribe('a', { qos: 1 })
    await first.drop()
    await publish(await client(), [5, 100])
    await seconds(10)
    const second = await client(session)
    await seconds(0)
    expect(messagesOf(second)).toEqual(['a 100 q1'])
  })

  it('0 is for those who are there', async () => {
    const { client, seconds } = broker5()
    const one = await client()
    await one.subscribe('a')
    const sleeper = await client(withSession(600))
    await sleeper.subscribe('a', { qos: 1 })
    await sleeper.drop()
    await publish(await client(), [0])
    await seconds(0)
    expect(left(one)).toEqual([0])
    const back = await client(withSession(600))
    await seconds(0)
    expect(left(back)).toEqual([])
  })
})

describe('subscription identifiers', () => {
  const identifiers = (one: TestClient): (number | number[] | undefined)[] =>
    propertiesOf(one).map((got) => got?.subscriptionIdentifier)

  it.each(SESSIONS)(
    '[MQTT-3.3.4-3] [MQTT-3.3.4-4] of all subscriptions that match, in a session %s',
    async (_name, expiry) => {
      const { client, seconds } = broker5()
      const one = await client(withSession(expiry))
      const subscribe = (topic: string, subscriptionIdentifier?: number): Promise<unknown> =>
        one.subscribe(topic, {
          qos: 2,
          properties: subscriptionIdentifier ? { subscriptionIdentifier } : undefined,
        })
      await subscribe('a/+', 268_435_455)
      await subscribe('a/#', 128)
      await subscribe('#')
      await subscribe('b', 1)
      const publisher = await client()
      for (const qos of [0, 1, 2] as const) await publisher.publish('a/b', 'x', { qos })
      await publisher.publish('a/b/c', 'x')
      await publisher.publish('b', 'x')
      await publisher.publish('c', 'x')
      await seconds(0)
      const got = identifiers(one).map((found) =>
        Array.isArray(found) ? found.toSorted((a, b) => a - b) : found,
      )
      const both = [128, 268_435_455]
      expect(got).toEqual([both, both, both, 128, 1, undefined])
    },
  )

  it('[MQTT-3.8.4-3] are replaced with their subscription', async () => {
    const { client, seconds } = broker5()
    const one = await client()
    for (const subscriptionIdentifier of [7, 8, undefined]) {
      await one.subscribe('a', {
        properties: subscriptionIdentifier ? { subscriptionIdentifier } : undefined,
      })
      await one.publish('a', 'x')
    }
    await seconds(0)
    expect(identifiers(one)).toEqual([7, 8, undefined])
  })

  it('are the same for two filters of one SUBSCRIBE', async () => {
    const { client, seconds } = broker5()
    const one = await client()
    await one.subscribe(['a', '+'], { properties: { subscriptionIdentifier: 7 } })
    await one.publish('a', 'x')
    await one.publish('b', 'x')
    await seconds(0)
    expect(identifiers(one)).toEqual([[7, 7], 7])
  })

  it('come with what was retained, waited, and was missed; and outlive the connection', async () => {
    const { client, seconds } = broker5()
    const publisher = await client()
    await publisher.publish('a', 'kept', { qos: 1, retain: true })
    const given = withSession(600, { autoAck: false, properties: { receiveMaximum: 1 } })
    const first = await client(given)
    await first.subscribe('a', { qos: 1, properties: { subscriptionIdentifier: 7 } })
    await seconds(0)
    await publisher.publish('a', 'waits', { qos: 1 })
    await first.drop()
    await publisher.publish('a', 'missed', { qos: 1 })
    const second = await client({ ...given, autoAck: true })
    await publisher.publish('a', 'live', { qos: 0 })
    await seconds(0)
    expect(payloads(second).sort()).toEqual(['kept', 'live', 'missed', 'waits'])
    expect(identifiers(second)).toEqual([7, 7, 7, 7])
  })

  it('[MQTT-3.3.4-5] of one receiver are not another’s', async () => {
    const { client, seconds } = broker5()
    const all = []
    for (const subscriptionIdentifier of [1, 2, undefined]) {
      const one = await client()
      await one.subscribe('a', {
        properties: subscriptionIdentifier ? { subscriptionIdentifier } : undefined,
      })
      all.push(one)
    }
    const old = await client({ protocolVersion: 4 })
    await old.subscribe('a')
    await all[0].publish('a', 'x')
    await seconds(0)
    expect(all.map((one) => identifiers(one))).toEqual([[1], [2], [undefined]])
    expect(messagesOf(old)).toEqual(['a x q0'])
  })

  it('[MQTT-3.3.4-6] of a client are a protocol error', async () => {
    const { client } = broker5()
    const one = await client()
    one.raw(frame(0x30, text('a'), properties([11, 1]), Buffer.from('x')))
    expect((await one.next('disconnect')).reasonCode).toBe(0x82)
  })
})

it('nothing is left when all is delivered', async () => {
  const { client, seconds, memory }: Broker5 & { memory: MemoryBackend } = broker5()
  const one = await client(withSession(600))
  await one.subscribe('a', { qos: 2, properties: { subscriptionIdentifier: 1 } })
  for (const qos of [1, 2] as const)
    await one.publish('a', 'x', { qos, properties: { messageExpiryInterval: 5, contentType: 'y' } })
  await seconds(0)
  expect(memory.stats).toMatchObject({ messages: 0, messageBytes: 0, awaitingRelease: 0 })
})
