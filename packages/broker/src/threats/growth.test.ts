/** Traffic that looks legal, and what it may make the broker keep: nothing without a bound, nothing for good. */
import { Buffer } from 'node:buffer'
import type { Context, MiddlewareLike } from '@mqtt-stack/core'
import type { RecordingLogger, StreamEnd, TestClient } from '@mqtt-stack/testing'
import { settle, streamPair, VirtualClock } from '@mqtt-stack/testing'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as encode from '../../../../packages/conformance/src/wire/encode.ts'
import { memoryClient, testBroker } from '../../../../test/rig/broker.ts'
import { processorTime } from '../../../../test/support/processor-time.ts'
import { Stand } from '../../../fuzz/src/stand.ts'
import type { Broker, BrokerOptions, MemoryBackendStats } from '../index.ts'
import { MemoryBackend } from '../index.ts'

interface Setup {
  broker: Broker
  backend: MemoryBackend
  clock: VirtualClock
  /** What messageDropped told, by client. */
  drops: Map<string, number>
}

function setup({ stack, ...options }: BrokerOptions = {}): Setup {
  const backend = new MemoryBackend()
  const clock = new VirtualClock()
  const drops = new Map<string, number>()
  const watcher: MiddlewareLike = {
    name: 'Watcher',
    messageDropped({ clientId, count }: Context<'messageDropped'>) {
      drops.set(clientId, (drops.get(clientId) ?? 0) + count)
    },
  }
  const broker = testBroker({ backend, use: [watcher], ...options, stack: { clock, ...stack } })
  return { broker, backend, clock, drops }
}

async function connected(broker: Broker, clientId: string, options: object = {}): Promise<TestClient> {
  const client = memoryClient(broker, { clientId, ...options })
  await client.connect(options)
  return client
}

const EMPTY: MemoryBackendStats = {
  sessions: 0,
  expiring: 0,
  subscriptions: 0,
  messages: 0,
  messageBytes: 0,
  awaitingRelease: 0,
  retained: 0,
  wills: 0,
}

describe('clients that do not read', () => {
  // Aedes #1060.
  test('one of a hundred subscribers that stops costs the others nothing, and is closed in the end', async () => {
    const { broker, clock, drops } = setup({ stack: { highWater: 100_000, drainTimeout: 5_000 } })
    const readers: TestClient[] = []
    for (let i = 0; i < 100; i++) {
      readers.push(await connected(broker, `reader-${i}`, { autoAck: true }))
      await readers[i].subscribe('news', { qos: i === 0 ? 1 : 0 })
    }
    const [frozen, ...others] = readers
    await frozen.subscribe('large')
    frozen.freeze()
    const publisher = await connected(broker, 'publisher')
    for (let i = 0; i < 300; i++) await publisher.publish('news', Buffer.alloc(1_000, i), { qos: 1 })
    for (const reader of others) {
      const messages = reader.received.filter(({ cmd }) => cmd === 'publish')
      expect(messages).toHaveLength(300)
    }
    const [stuck] = [...broker.stack.clients].filter(({ id }) => id === 'reader-0')
    expect(stuck.pending).toBeLessThan(250_000)
    expect([...drops.keys()].filter((id) => id !== 'reader-0')).toEqual([])
    // A large one at QoS 0 is enough to be over four times the mark, and the next is dropped for it.
    for (let i = 0; i < 2; i++) await publisher.publish('large', Buffer.alloc(400_000))
    expect(drops.get('reader-0')).toBe(1)
    await clock.advance(10_000)
    expect([...broker.stack.clients].map(({ id }) => id)).not.toContain('reader-0')
    await others[0].ping()
  })

  // EMQX #12344.
  test('a large message is kept once, however many are to get it', async () => {
    const { broker } = setup({ stack: { packetLimit: 20_000_000, highWater: 100_000_000 } })
    for (let i = 0; i < 50; i++) {
      const reader = await connected(broker, `reader-${i}`)
      await reader.subscribe('large', { qos: i % 2 === 0 ? 0 : 1 })
      reader.freeze()
    }
    const size = 8_000_000
    const before = process.memoryUsage().arrayBuffers
    await broker.publish('large', Buffer.alloc(size), { qos: 1 })
    await settle()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(6 * size)
    expect([...broker.stack.clients].filter(({ pending }) => pending > 1_000_000).length).toBe(50)
  })

  // Mosquitto: PUBREC never answered.
  test('who acknowledges nothing is sent a window, and keeps a bounded queue', async () => {
    const { broker, drops } = setup({ outboundManager: { inflight: 10, queueMessages: 50 } })
    const deaf = await connected(broker, 'deaf', { autoAck: false })
    await deaf.subscribe('news', { qos: 2 })
    for (let i = 0; i < 100; i++) await broker.publish('news', `${i}`, { qos: 2 })
    await settle()
    expect(deaf.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(10)
    expect(drops.get('deaf')).toBe(40)
  })
})

describe('what goes wrong at one client stays there', () => {
  // Aedes CVE-2020-13410.
  test('an error while a packet is written to it', async () => {
    const { broker } = setup()
    const lost: StreamEnd[] = []
    for (let i = 0; i < 10; i++) {
      const reader = await connected(broker, `lost-${i}`)
      await reader.subscribe('news', { qos: 1 })
      lost.push(reader.stream as StreamEnd)
    }
    const reader = await connected(broker, 'reader')
    await reader.subscribe('news', { qos: 1 })
    const publisher = await connected(broker, 'publisher')
    publisher.send({
      cmd: 'publish',
      topic: 'news',
      payload: 'x',
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
    })
    // They break while the message is on its way to them.
    for (const stream of lost) stream.reset()
    expect(await publisher.next('puback')).toMatchObject({ messageId: 1 })
    expect(await reader.message()).toMatchObject({ payload: 'x' })
    expect((broker.stack.config.logger as RecordingLogger).errors).toEqual([])
    expect(broker.stack.clients.size).toBe(2)
  })

  // NanoMQ CVE-2024-48077.
  test('packets behind a handler that does not answer: they stay with who sends them', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const stuck: MiddlewareLike = {
      name: 'Stuck',
      authenticateConnection: (_ctx, store) => {
        store.valid = true
      },
      authorizePacket: async ({ client }, store) => {
        if (client.id === 'stuck') await gate
        store.valid = true
      },
    }
    const { broker } = setup({ use: [stuck] })
    const sender = await connected(broker, 'stuck')
    const [client] = [...broker.stack.clients]
    const packet = encode.publish(4, { topic: 'a', payload: Buffer.alloc(1_000) })
    for (let i = 0; i < 5_000; i++) sender.raw(packet)
    await settle()
    expect(client.backlog).toBeLessThan(200_000)
    expect(sender.stream.writableLength).toBeGreaterThan(4_000_000)
    const reader = await connected(broker, 'reader')
    await reader.subscribe('b')
    await broker.publish('b', 'served')
    expect(await reader.message()).toMatchObject({ payload: 'served' })
    release()
  })
})

describe('packet identifiers', () => {
  // Mosquitto CVE-2023-28366.
  test('a QoS 2 message that comes again and again is relayed once, and takes one place', async () => {
    const { broker, backend } = setup()
    const reader = await connected(broker, 'reader')
    await reader.subscribe('a')
    const publisher = await connected(broker, 'publisher', { clean: false, autoAck: false })
    const again = encode.publish(4, { topic: 'a', qos: 2, id: 7, dup: true, payload: 'once' })
    publisher.raw(again)
    await settle()
    publisher.raw(Buffer.concat(Array.from({ length: 5_000 }, () => again)))
    await settle()
    expect(publisher.received.filter(({ cmd }) => cmd === 'pubrec')).toHaveLength(5_001)
    expect(reader.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1)
    expect(backend.stats.awaitingRelease).toBe(1)
  })

  test('all of them, never released, take a bounded place, which is free when the session is over', async () => {
    const { broker, backend, clock } = setup({ sessionManager: { maximumExpiry: 60 } })
    const publisher = await connected(broker, 'publisher', { clean: false, autoAck: false })
    const ids = Array.from({ length: 65_535 }, (_, i) => i + 1)
    for (let round = 0; round < 2; round++) {
      publisher.raw(Buffer.concat(ids.map((id) => encode.publish(4, { topic: 'a', qos: 2, id }))))
      await settle()
    }
    expect(backend.stats.awaitingRelease).toBe(65_535)
    await publisher.ping()
    await publisher.drop()
    await clock.advance(65_000)
    expect(backend.stats).toEqual(EMPTY)
  })
})

describe('what is refused or over leaves nothing', () => {
  // FlashMQ CVE-2025-62723.
  test('an expired session, with its subscriptions and queued messages', async () => {
    const { broker, backend, clock } = setup({ sessionManager: { maximumExpiry: 60 } })
    for (let i = 0; i < 20; i++) {
      const client = await connected(broker, `client-${i}`, { clean: false })
      await client.subscribe([`news/${i}`, 'news/#'], { qos: 1 })
      await client.drop()
    }
    for (let i = 0; i < 50; i++) await broker.publish(`news/${i}`, 'x'.repeat(100), { qos: 1 })
    expect(backend.stats).toMatchObject({ sessions: 20, subscriptions: 40, messages: 20 * 50 })
    await clock.advance(62_000)
    expect(backend.stats).toEqual(EMPTY)
  })

  // Mosquitto CVE-2023-3592, #34431.
  test.each([4, 5] as const)('CONNECTs of version %i, and wills, that are refused', async (version) => {
    const never: MiddlewareLike = {
      name: 'Never',
      authenticateConnection: ({ username }, store) => {
        store.valid = username !== 'stranger'
      },
      authorizePacket: (_ctx, store) => {
        store.valid = false
      },
    }
    const { broker, backend, clock } = setup({ use: [never] })
    await broker.start()
    const timers = clock.timers
    const devices = Array.from({ length: 500 }, (_, i) => {
      const [device, end] = streamPair()
      broker.stack.connect(end)
      device.on('error', () => {}).resume()
      const will = { topic: 'gone', payload: 'x'.repeat(1_000), qos: 1, retain: true }
      const username = i % 2 === 0 ? 'stranger' : 'friend'
      device.write(encode.connect(version, { clientId: `c${i}`, clean: false, username, will }))
      return device
    })
    await settle()
    for (const device of devices) device.destroy()
    await clock.advance(5_000)
    expect(broker.stack.clients.size).toBe(0)
    expect(backend.stats).toEqual(EMPTY)
    expect(clock.timers).toBe(timers)
  })
})

describe('subscriptions', () => {
  const FILTERS = [
    'a',
    'a/b',
    'a/+',
    'a/#',
    '#',
    '+',
    '+/b',
    '$share/one/a',
    '$share/one/a/+',
    '$share/two/a',
    '/',
  ]
  const step = fc.record({
    client: fc.integer({ min: 0, max: 2 }),
    filter: fc.constantFrom(...FILTERS),
    qos: fc.constantFrom(0, 1, 2),
    what: fc.constantFrom('subscribe', 'subscribe', 'unsubscribe', 'publish', 'reconnect'),
  })

  test('after any legal sequence of subscribe and unsubscribe nothing is left', async () => {
    const stand = await Stand.open()
    onTestFinished(() => stand.close())
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const cases = [0, 1, 2].map((client) => ({
          name: 'churn',
          version: 5 as const,
          phase: 'connected' as const,
          open: true,
          chunks: () =>
            steps
              .filter((one) => one.client === client && one.what !== 'reconnect')
              .map(({ what, filter, qos }, i) => {
                if (what === 'publish') return encode.publish(5, { topic: 'a/b', qos: qos % 2, id: i + 1 })
                if (what === 'unsubscribe') return encode.unsubscribe(5, { id: i + 1, filters: [filter] })
                return encode.subscribe(5, { id: i + 1, filters: [{ filter, qos }] })
              }),
        }))
        // The stand looks for what is left when it has closed them.
        await stand.serve(cases)
      }),
      { numRuns: 30, seed: 8 },
    )
  })

  test('that are taken back one by one leave the tree as it was, while the client stays', async () => {
    const { broker, backend } = setup()
    const clients = await Promise.all([0, 1, 2].map((i) => connected(broker, `c${i}`, { clean: i > 0 })))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        for (const { client, filter, qos, what } of steps) {
          if (what === 'unsubscribe') await clients[client].unsubscribe(filter)
          else await clients[client].subscribe(filter, { qos: qos as 0 | 1 | 2 })
        }
        for (const client of clients) await client.unsubscribe(FILTERS)
        expect(backend.stats).toEqual({ ...EMPTY, sessions: 3 })
      }),
      { numRuns: 15, seed: 9 },
    )
  })

  test.each(['SUBSCRIBE', 'UNSUBSCRIBE'])(
    '%s with very many filters lets others have their turn',
    async (name) => {
      // Each filter takes some time, of which a turn has little.
      const spend = (): void => clock.spend(0.25)
      const { broker, clock } = setup({
        use: [{ name: 'Slow', subscribeTopic: () => spend(), unsubscribeTopic: () => spend() }],
      })
      const greedy = await connected(broker, 'greedy')
      const neighbour = await connected(broker, 'neighbour')
      // The same one: subscribing again needs no room.
      const filters = Array.from({ length: 2_000 }, () => 'a')
      greedy.raw(name === 'SUBSCRIBE' ? encode.subscribe(4, { filters }) : encode.unsubscribe(4, { filters }))
      for (let i = 0; i < 10; i++) await neighbour.ping()
      expect(greedy.received.map(({ cmd }) => cmd)).toEqual(['connack'])
      await settle()
      expect(greedy.received.map(({ cmd }) => cmd)).toEqual([
        'connack',
        name === 'SUBSCRIBE' ? 'suback' : 'unsuback',
      ])
    },
  )

  test('as many as a packet holds cost time in proportion', async () => {
    const { broker } = setup()
    const time = async (count: number): Promise<number> => {
      const greedy = await connected(broker, `greedy-${count}`)
      const filters = Array.from({ length: count }, () => 'a')
      const began = processorTime()
      greedy.raw(encode.subscribe(4, { filters }))
      greedy.raw(encode.unsubscribe(4, { filters }))
      await settle()
      expect(greedy.received.map(({ cmd }) => cmd)).toEqual(['connack', 'suback', 'unsuback'])
      return processorTime() - began
    }
    await time(100)
    const small = await time(100)
    // Twenty times the filters: far from the four hundred times that quadratic work would be.
    expect(await time(2_000)).toBeLessThan(100 * (small + 10))
  })
})
