/** Who may do what, whatever clients claim and handlers say. */
import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'
import { settle, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import { memoryClient, testBroker } from '../../../../test/rig/broker.ts'
import type { Broker, BrokerOptions } from '../index.ts'
import { MemoryBackend } from '../index.ts'

const VERSIONS = [3, 4, 5] as const
const FAR = { transport: 'tcp', local: false }

/** Everybody is who they say they are; `rights` are asked for each time. */
function provider(rights: (ctx: Context<'authorizePacket'>) => boolean = () => true): MiddlewareLike {
  return {
    name: 'Provider',
    authenticateConnection(_ctx: Context<'authenticateConnection'>, store: Store<'authenticateConnection'>) {
      store.valid = true
    },
    authorizePacket(ctx: Context<'authorizePacket'>, store: Store<'authorizePacket'>) {
      store.valid = rights(ctx)
    },
  }
}

function brokerWith(rights?: Parameters<typeof provider>[0], options: BrokerOptions = {}): Broker {
  return testBroker({ use: [provider(rights)], ...options })
}

async function connected(broker: Broker, clientId: string, options: object = {}): Promise<TestClient> {
  const client = memoryClient(broker, { clientId, ...options })
  await client.connect(options)
  return client
}

/** Payloads that a client received. */
const payloads = (client: TestClient): string[] =>
  client.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []))

// Mosquitto #3551 and #3553, EMQX CVE-2026-6564.
describe.each(VERSIONS)('version %i: a session belongs to the identity that made it', (protocolVersion) => {
  const v5 = protocolVersion === 5
  const stored = { clean: false, protocolVersion, ...(v5 && { properties: { sessionExpiryInterval: 60 } }) }

  test.each([true, false])('nobody else takes it over, with clean session %s', async (clean) => {
    const broker = brokerWith()
    const alice = await connected(broker, 'device', { ...stored, username: 'alice' })
    await alice.subscribe('a', { qos: 1 })
    for (const username of ['mallory', undefined, '', 'alice ']) {
      const mallory = memoryClient(broker, { clientId: 'device', protocolVersion })
      const connack = await mallory.connect({ ...stored, clean, ...(username !== undefined && { username }) })
      expect(connack.reasonCode ?? connack.returnCode).toBe(v5 ? ReasonCode.CLIENT_IDENTIFIER_NOT_VALID : 2)
    }
    await broker.publish('a', 'still here', { qos: 1 })
    expect(await alice.message()).toMatchObject({ payload: 'still here' })
  })

  test.each([true, false])(
    'nobody else wipes or reads it while its owner is away, with clean session %s',
    async (clean) => {
      const broker = brokerWith()
      const away = await connected(broker, 'device', { ...stored, username: 'alice' })
      await away.subscribe('a', { qos: 1 })
      await away.drop()
      await broker.publish('a', 'for alice', { qos: 1 })
      const mallory = memoryClient(broker, { clientId: 'device', protocolVersion })
      const connack = await mallory.connect({ ...stored, clean, username: 'mallory' })
      expect(connack.reasonCode ?? connack.returnCode).toBe(v5 ? ReasonCode.CLIENT_IDENTIFIER_NOT_VALID : 2)
      await settle()
      expect(payloads(mallory)).toEqual([])
      const back = await connected(broker, 'device', { ...stored, username: 'alice' })
      await settle()
      expect(payloads(back)).toEqual(['for alice'])
    },
  )
})

// Aedes #597.
describe('control topics', () => {
  /** However a broker is put together. */
  const BROKERS: [string, () => Broker][] = [
    ['the default one', () => testBroker()],
    ['one whose rules allow everything', () => brokerWith()],
    ['one without rules', () => testBroker({ authorize: false })],
    ['one without retained messages', () => testBroker({ retainManager: false })],
    [
      'one with a middleware that relays everything',
      () => testBroker({ use: [{ name: 'All', relayMessage: (_ctx, _store, next) => next() }] }),
    ],
  ]

  test.each(BROKERS)('clients cannot publish to them: %s', async (_what, make) => {
    const broker = make()
    for (const protocolVersion of VERSIONS) {
      const watcher = await connected(broker, `watcher-${protocolVersion}`, { protocolVersion })
      await watcher.subscribe(['$SYS/#', '$SYS', 'end'])
      const mallory = await connected(broker, `mallory-${protocolVersion}`, { protocolVersion })
      const retain = broker.stack.middlewares.some(({ name }) => name === 'RetainManager')
      for (const topic of ['$SYS', '$SYS/broker/uptime']) {
        await mallory.publish(topic, 'forged', { retain })
        const puback = await mallory.publish(topic, 'forged', { qos: 1, retain })
        const pubrec = await mallory.publish(topic, 'forged', { qos: 2, retain })
        // Older versions have no word for it.
        if (protocolVersion === 5)
          expect([puback, pubrec]).toMatchObject([{ reasonCode: 0x87 }, { reasonCode: 0x87 }])
      }
      await mallory.publish('end', 'end')
      await settle()
      expect(payloads(watcher)).toEqual(['end'])
    }
    const late = await connected(broker, 'late')
    await late.subscribe('$SYS/#')
    await settle()
    expect(payloads(late)).toEqual([])
  })

  test.each(BROKERS)('clients cannot leave a will to them: %s', async (_what, make) => {
    const broker = make()
    const watcher = await connected(broker, 'watcher')
    await watcher.subscribe('$SYS/#')
    for (const protocolVersion of VERSIONS) {
      const mallory = memoryClient(broker, { clientId: 'mallory', protocolVersion })
      const will = {
        topic: '$SYS/broker/uptime',
        payload: Buffer.from('forged'),
        qos: 0,
        retain: false,
      } as const
      const connack = await mallory.connect({ will })
      expect(connack.reasonCode ?? connack.returnCode).toBe(protocolVersion === 5 ? 0x87 : 5)
    }
    await settle()
    expect(payloads(watcher)).toEqual([])
  })

  test('a topic alias does not lead there', async () => {
    const broker = testBroker()
    const watcher = await connected(broker, 'watcher')
    await watcher.subscribe('$SYS/#')
    const mallory = await connected(broker, 'mallory', { protocolVersion: 5 })
    await mallory.publish('$SYS/a', 'forged', { properties: { topicAlias: 1 } })
    await mallory.publish('', 'forged', { properties: { topicAlias: 1 } })
    expect(payloads(watcher)).toEqual([])
    await mallory.ping()
  })

  test('the broker publishes to them, and everybody may subscribe', async () => {
    const broker = testBroker()
    await broker.publish('$SYS/broker/uptime', '1', { retain: true })
    const watcher = await connected(broker, 'watcher')
    await watcher.subscribe('$SYS/#')
    // What is retained comes in the background.
    await settle()
    await broker.publish('$SYS/broker/uptime', '2')
    await settle()
    expect(payloads(watcher)).toEqual(['1', '2'])
  })
})

describe('rights that are gone', () => {
  // Mosquitto CVE-2021-34434.
  test('take subscriptions of stored sessions with them when the session is resumed', async () => {
    const allowed = new Set(['secret', 'open'])
    const broker = brokerWith(({ packet }) =>
      packet.cmd === 'subscribe' ? packet.subscriptions.every(({ topic }) => allowed.has(topic)) : true,
    )
    const alice = await connected(broker, 'alice', { clean: false, username: 'alice' })
    await alice.subscribe('secret', { qos: 1 })
    await alice.subscribe('open', { qos: 1 })
    await alice.drop()
    allowed.delete('secret')
    const back = await connected(broker, 'alice', { clean: false, username: 'alice' })
    await broker.publish('secret', 'no', { qos: 1 })
    await broker.publish('open', 'yes', { qos: 1 })
    await settle()
    expect(payloads(back)).toEqual(['yes'])
  })

  test('keep a QoS 2 message back that comes again, though it be allowed by then', async () => {
    let allowed = false
    const broker = brokerWith(({ action }) => action !== 'publish' || allowed)
    const reader = await connected(broker, 'reader', { username: 'reader' })
    await reader.subscribe('a')
    const writer = await connected(broker, 'writer', { clean: false, username: 'writer', autoAck: false })
    await writer.publish('a', 'refused', { qos: 2, messageId: 1 })
    allowed = true
    await writer.publish('a', 'refused', { qos: 2, messageId: 1, dup: true })
    await settle()
    expect(payloads(reader)).toEqual([])
  })
})

describe('who is not known', () => {
  // NanoMQ's admin/public.
  test.each([
    ['admin', 'public'],
    ['admin', 'admin'],
    ['root', ''],
    ['', ''],
  ])('there are no default credentials: %s, %s', async (username, password) => {
    const broker = testBroker()
    for (const listener of [FAR, { transport: 'memory', local: true }]) {
      for (const protocolVersion of VERSIONS) {
        const client = memoryClient(broker, { protocolVersion }, listener)
        const connack = await client.connect({ username, password })
        expect(connack.reasonCode ?? connack.returnCode).toBeGreaterThan(0)
      }
    }
  })

  test('an anonymous client from elsewhere is refused', async () => {
    const broker = testBroker()
    for (const protocolVersion of VERSIONS) {
      const connack = await memoryClient(broker, { protocolVersion }, FAR).connect()
      expect(connack.reasonCode ?? connack.returnCode).toBeGreaterThan(0)
    }
  })

  test('a provider or a rule that fails refuses', async () => {
    const failing: MiddlewareLike = {
      name: 'Failing',
      authenticateConnection({ username }, store) {
        if (username !== 'known') throw new Error('no database')
        store.valid = true
      },
      authorizePacket() {
        throw new Error('no database')
      },
    }
    const backend = new MemoryBackend()
    const broker = testBroker({ use: [failing], backend, stack: { clock: new VirtualClock() } })
    expect(await memoryClient(broker).connect({ username: 'x' })).toMatchObject({ returnCode: 3 })
    const will = { topic: 'a', payload: Buffer.from('x'), qos: 0, retain: true } as const
    expect((await memoryClient(broker).connect({ username: 'known', will })).returnCode).toBeGreaterThan(0)
    const known = await connected(broker, 'known', { username: 'known' })
    known.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 1, retain: true, dup: false })
    await settle()
    expect(backend.stats.retained).toBe(0)
  })
})
