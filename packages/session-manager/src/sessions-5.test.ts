import type { ConnectOptions } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { frame, messagesOf, properties, text } from '../../../test/rig/bytes.ts'

const FOR_EVER = 0xffff_ffff

/** Alice, in a session of some expiry. */
const alice = (sessionExpiryInterval?: number, clean = false): ConnectOptions => ({
  clientId: 'alice',
  clean,
  ...(sessionExpiryInterval === undefined ? {} : { properties: { sessionExpiryInterval } }),
})

describe.each(BACKENDS)('clean start and session present, with %s', (_name, backend) => {
  it.each([
    // expiry of the first connection, clean start of the second, session present
    [undefined, false, false],
    [0, false, false],
    [0, true, false],
    [60, false, true],
    [60, true, false],
    [FOR_EVER, false, true],
    [FOR_EVER, true, false],
  ])(
    '[MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.1.2-23] expiry %s, then clean start %s: %s',
    async (expiry, clean, present) => {
      const { accepted } = broker5({ backend: backend() })
      const [first, connack] = await accepted(alice(expiry, true))
      expect(connack.sessionPresent).toBe(false)
      await first.subscribe('a', { qos: 1 })
      await first.drop()
      const [second, again] = await accepted(alice(60, clean))
      expect(again.sessionPresent).toBe(present)
      await second.publish('a', 'b', { qos: 1 })
      expect(messagesOf(second)).toEqual(present ? ['a b q1'] : [])
    },
  )

  it('[MQTT-3.1.2-4] clean start forgets subscriptions, messages and identifiers', async () => {
    const { client, memory } = broker5()
    const first = await client({ ...alice(60), autoAck: false })
    await first.subscribe('a', { qos: 2 })
    await first.publish('a', 'unreleased', { qos: 2, messageId: 7 })
    await first.drop()
    expect(memory.stats).toMatchObject({ messages: 1, awaitingRelease: 1, subscriptions: 1 })
    const second = await client(alice(60, true))
    expect(memory.stats).toMatchObject({ sessions: 1, messages: 0, awaitingRelease: 0, subscriptions: 0 })
    await second.publish('a', 'b', { qos: 2, messageId: 7 })
    expect(messagesOf(second)).toEqual([])
  })

  it('[MQTT-3.1.2-6] a clean start that keeps its session is found again', async () => {
    const { accepted } = broker5({ backend: backend() })
    const [first] = await accepted(alice(60, true))
    await first.drop()
    const [, connack] = await accepted(alice(60))
    expect(connack.sessionPresent).toBe(true)
  })
})

describe('session expiry', () => {
  it.each([
    [1, 1],
    [10, 10],
    [100, 100],
  ])('[MQTT-4.1.0-2] %i s: the session is gone after that, not before', async (expiry, after) => {
    const { accepted, seconds } = broker5()
    const [first] = await accepted(alice(expiry))
    await first.drop()
    await seconds(after - 0.01)
    const [second, before] = await accepted(alice(expiry))
    expect(before.sessionPresent).toBe(true)
    await second.drop()
    await seconds(after)
    const [, later] = await accepted(alice(expiry))
    expect(later.sessionPresent).toBe(false)
  })

  it('[MQTT-4.1.0-2] takes everything along, without anybody coming back', async () => {
    const { client, memory, seconds } = broker5()
    const first = await client(alice(10))
    await first.subscribe(['a', '$share/g/a'], { qos: 1 })
    await first.drop()
    const publisher = await client()
    await publisher.publish('a', 'b', { qos: 1 })
    expect(memory.stats).toMatchObject({ sessions: 2, expiring: 1, subscriptions: 2, messages: 2 })
    await seconds(11)
    expect(memory.stats).toMatchObject({
      sessions: 1,
      expiring: 0,
      subscriptions: 0,
      messages: 0,
      messageBytes: 0,
    })
  })

  it('[MQTT-4.1.0-1] does not count while the client is there', async () => {
    const { client, accepted, seconds } = broker5()
    const first = await client(alice(2))
    await seconds(60)
    await first.subscribe('a')
    await first.publish('a', 'b')
    expect(messagesOf(first)).toEqual(['a b q0'])
    await first.drop()
    await seconds(1)
    expect((await accepted(alice(2)))[1].sessionPresent).toBe(true)
  })

  it.each([
    ['[MQTT-3.2.2-2]', 0, undefined, 0],
    ['', 60, undefined, 60],
    ['', 100, undefined, 100],
    ['', 101, 100, 100],
    ['', FOR_EVER, 100, 100],
  ])('%s within the server’s maximum: of %i CONNACK says %s', async (_number, asked, told, kept) => {
    const { accepted, seconds } = broker5({ sessionManager: { maximumExpiry: 100 } })
    const [first, connack] = await accepted(alice(asked))
    expect(connack.properties?.sessionExpiryInterval).toBe(told)
    await first.drop()
    await seconds(Math.max(kept - 1, 0))
    const [second, before] = await accepted(alice(asked))
    expect(before.sessionPresent).toBe(kept > 0)
    await second.drop()
    await seconds(kept)
    expect((await accepted(alice(asked)))[1].sessionPresent).toBe(false)
  })

  it('0xFFFFFFFF is for ever where the maximum is', async () => {
    const { accepted, seconds, memory } = broker5({ sessionManager: { maximumExpiry: FOR_EVER } })
    const [first, connack] = await accepted(alice(FOR_EVER))
    expect(connack.properties?.sessionExpiryInterval).toBeUndefined()
    await first.drop()
    expect(memory.stats.expiring).toBe(0)
    await seconds(60)
    expect((await accepted(alice(FOR_EVER)))[1].sessionPresent).toBe(true)
  })
})

describe('DISCONNECT with a session expiry interval', () => {
  it.each([
    [60, 0, 0],
    [60, 5, 5],
    [5, 60, 60],
    [60, undefined, 60],
    [60, FOR_EVER, 100],
    [0, 0, 0],
  ])('%i, then %s: kept for %i s', async (asked, then, kept) => {
    const { accepted, seconds, memory } = broker5({ sessionManager: { maximumExpiry: 100 } })
    const disconnect = then === undefined ? {} : { properties: { sessionExpiryInterval: then } }
    const [first] = await accepted(alice(asked))
    await first.disconnect(disconnect)
    expect(memory.stats.sessions).toBe(kept > 0 ? 1 : 0)
    await seconds(kept - 0.01)
    const [second, before] = await accepted(alice(asked))
    expect(before.sessionPresent).toBe(kept > 0)
    await second.disconnect(disconnect)
    await seconds(kept)
    expect((await accepted(alice(asked)))[1].sessionPresent).toBe(false)
  })

  it.each([undefined, 0])('may not begin to keep a session that was to end: %s, then 5', async (asked) => {
    const { accepted } = broker5()
    const [first] = await accepted(alice(asked))
    first.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 5 } })
    expect((await first.next('disconnect')).reasonCode).toBe(0x82)
    await first.closed
    expect((await accepted(alice(asked)))[1].sessionPresent).toBe(false)
  })

  it('nor one that was resumed to end', async () => {
    const { accepted } = broker5()
    const [first] = await accepted(alice(60))
    await first.drop()
    const [second, connack] = await accepted(alice(0))
    expect(connack.sessionPresent).toBe(true)
    second.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 5 } })
    expect((await second.next('disconnect')).reasonCode).toBe(0x82)
  })
})

describe.each(BACKENDS)('a session that is resumed to end with the connection, with %s', (_name, backend) => {
  it.each([undefined, 0])(
    '[MQTT-3.1.2-5] [MQTT-4.5.0-1] hands out what it holds, then what is live: %s',
    async (expiry) => {
      const { client, accepted, seconds } = broker5({ backend: backend() })
      const first = await client({ ...alice(60), autoAck: false })
      await first.subscribe('a/#', { qos: 2 })
      const publisher = await client()
      await publisher.publish('a/1', 'in flight', { qos: 2 })
      await seconds(0)
      await first.drop()
      await publisher.publish('a/2', 'missed', { qos: 1 })
      await publisher.publish('a/3', 'missed', { qos: 2 })
      const [second, connack] = await accepted(alice(expiry))
      expect(connack.sessionPresent).toBe(true)
      // QoS 0 may overtake a log that is still being read from the disk.
      await seconds(0)
      await publisher.publish('a/4', 'live', { qos: 1 })
      await publisher.publish('a/5', 'live', { qos: 0 })
      await seconds(0)
      expect(messagesOf(second)).toEqual([
        'a/1 in flight q2 d',
        'a/2 missed q1',
        'a/3 missed q2',
        'a/4 live q1',
        'a/5 live q0',
      ])
      await second.drop()
      expect((await accepted(alice(60)))[1].sessionPresent).toBe(false)
    },
  )

  it('[MQTT-4.3.3-10] knows the QoS 2 messages that it has', async () => {
    const { client, seconds } = broker5({ backend: backend() })
    const watcher = await client()
    await watcher.subscribe('a')
    const first = await client({ ...alice(60), autoAck: false })
    await first.publish('a', 'once', { qos: 2, messageId: 9 })
    await first.drop()
    const second = await client({ ...alice(0), autoAck: false })
    await second.publish('a', 'once', { qos: 2, messageId: 9, dup: true })
    second.send({ cmd: 'pubrel', messageId: 9 })
    expect((await second.next('pubcomp')).reasonCode ?? 0).toBe(0)
    await seconds(0)
    expect(messagesOf(watcher)).toEqual(['a once q0'])
  })

  it('is gone with it', async () => {
    const store = backend()
    const { client, seconds } = broker5({ backend: store })
    const first = await client(alice(60))
    await first.subscribe('a', { qos: 1 })
    await first.drop()
    await (await client({ clientId: 'bob' })).publish('a', 'b', { qos: 1 })
    const second = await client({ ...alice(0), autoAck: false })
    await second.drop()
    await seconds(0)
    expect(store.stats).toMatchObject({ sessions: 1, subscriptions: 0, messages: 0, expiring: 0 })
  })
})

describe('client identifiers', () => {
  it.each([true, false])(
    '[MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16] are assigned where there is none (clean start %s)',
    async (clean) => {
      const { accepted, open } = broker5()
      const asked = properties([17, 0, 0, 0, 60])
      const nameless = frame(0x10, text('MQTT'), [5, clean ? 2 : 0, 0, 0], asked, text(''))
      const [one, other] = [open(), open()]
      one.raw(nameless)
      other.raw(nameless)
      const name = (await one.next('connack')).properties?.assignedClientIdentifier ?? ''
      expect(name).not.toBe('')
      expect((await other.next('connack')).properties?.assignedClientIdentifier).not.toBe(name)
      await one.drop()
      const [, again] = await accepted({ ...alice(60), clientId: name })
      expect(again.sessionPresent).toBe(true)
      expect(again.properties?.assignedClientIdentifier).toBeUndefined()
    },
  )

  it('[MQTT-3.1.3-5] of the client’s own are kept', async () => {
    const { accepted } = broker5()
    const [, connack] = await accepted({ clientId: 'abcdefghijklmnopqrstuvw' })
    expect(connack.properties?.assignedClientIdentifier).toBeUndefined()
  })

  it('[MQTT-3.1.3-8] that are too long are refused with 0x85', async () => {
    const { open } = broker5({ connection: { clientIdBytes: 30 } })
    const client = open()
    expect((await client.connect({ clientId: 'x'.repeat(31) })).reasonCode).toBe(0x85)
    await client.closed
  })
})

describe.each(BACKENDS)('take-over, with %s', (_name, backend) => {
  it('[MQTT-3.1.4-3] tells the older client: 0x8E', async () => {
    const { client, accepted } = broker5({ backend: backend() })
    const first = await client(alice(60))
    const [second, connack] = await accepted(alice(60))
    expect(await first.next('disconnect')).toMatchObject({ reasonCode: 0x8e })
    await first.closed
    expect(connack.sessionPresent).toBe(true)
    await second.ping()
  })

  it('[MQTT-3.1.4-3] closes an older version without a word', async () => {
    const { client } = broker5({ backend: backend() })
    const first = await client({ clientId: 'alice', protocolVersion: 4, clean: false })
    await client(alice(60))
    await first.closed
    expect(first.received.map(({ cmd }) => cmd)).toEqual(['connack'])
  })

  it('[MQTT-3.2.2-3] of a session that ends with its connection leaves nothing to go on with', async () => {
    const { client, accepted } = broker5({ backend: backend() })
    await client(alice(0))
    expect((await accepted(alice(60)))[1].sessionPresent).toBe(false)
  })

  it.each([
    [4, 5],
    [5, 4],
  ] as const)('[MQTT-3.1.2-5] a session of level %i goes on at level %i', async (from, to) => {
    const { client, accepted, seconds } = broker5({ backend: backend() })
    const asked = (protocolVersion: 4 | 5): ConnectOptions & { protocolVersion: 4 | 5 } => ({
      ...alice(protocolVersion === 5 ? 60 : undefined),
      protocolVersion,
    })
    const first = await client(asked(from))
    await first.subscribe('a', { qos: 1 })
    await first.drop()
    await (await client()).publish('a', 'b', { qos: 1, properties: { contentType: 'text/plain' } })
    const [second, connack] = await accepted(asked(to))
    expect(connack.sessionPresent).toBe(true)
    await seconds(0)
    expect(messagesOf(second)).toEqual(['a b q1'])
  })
})

describe('CONNACK', () => {
  it('[MQTT-3.1.2-28] has response information for those who asked for it', async () => {
    const topic = {
      name: 'ResponseTopics',
      lookupConnackProperties: (
        _ctx: object,
        store: { set(key: 'responseInformation', value: string): void },
      ) => store.set('responseInformation', 'responses/'),
    }
    const { accepted } = broker5({ use: [topic] })
    for (const [requestResponseInformation, told] of [
      [true, 'responses/'],
      [false, undefined],
      [undefined, undefined],
    ] as const) {
      const properties = requestResponseInformation === undefined ? {} : { requestResponseInformation }
      const [, connack] = await accepted({ properties })
      expect(connack.properties?.responseInformation).toBe(told)
    }
  })

  it('[MQTT-3.2.0-2] [MQTT-3.2.2-1] is one, and says what the server takes', async () => {
    const { accepted } = broker5()
    const [client, { properties, sessionPresent, reasonCode }] = await accepted()
    expect({ properties, sessionPresent, reasonCode }).toEqual({
      sessionPresent: false,
      reasonCode: 0,
      properties: { receiveMaximum: 32, topicAliasMaximum: 16, maximumPacketSize: 1_048_576 },
    })
    await client.ping()
    expect(client.received.filter(({ cmd }) => cmd === 'connack')).toHaveLength(1)
  })

  it('has no properties for older versions', async () => {
    const { accepted } = broker5()
    const [, connack] = await accepted({ protocolVersion: 4 })
    expect(connack).toMatchObject({ length: 2, returnCode: 0 })
  })

  it('[MQTT-3.2.2-6] says that a refused client has no session', async () => {
    const { open, client } = broker5()
    await client(alice(60))
    const refused = open({ clientId: 'alice' })
    const connack = await refused.connect({ clean: false, username: 'eve', password: 'x' })
    expect(connack.sessionPresent).toBe(false)
    expect(connack.reasonCode).toBeGreaterThanOrEqual(0x80)
    await refused.closed
  })
})
