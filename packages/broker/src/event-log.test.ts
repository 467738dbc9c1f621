import { once } from 'node:events'
import { connect as connectPlain, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { acceptAll, settle, TestClient, testStack, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { closeOf, listeningBroker, memoryClient, testBroker } from '../../../test/rig/broker.ts'
import { createCertificate } from '../../benchmark/src/brokers/certificate.ts'
import type { Broker, BrokerOptions, Fields, MiddlewareLike } from './index.ts'
import { EventLog, Publish, ReasonCode } from './index.ts'

const FAR = { transport: 'tcp', local: false, remote: '192.0.2.7:50000' }
const SECRET = 'do-not-log-me'

/** What was logged at `info`, with its fields. */
function lines({ stack }: Broker): (Fields & { line: string })[] {
  const { lines } = stack.config.logger as RecordingLogger
  return lines
    .filter(({ level }) => level === 'info')
    .map(({ message, cause }) => {
      const { event: _event, ...fields } = cause as Fields
      return { line: message, ...fields }
    })
}

/** A broker with a clock that stands still, on which nothing but errors may be logged unasked. */
async function quiet(options: BrokerOptions = {}): Promise<{ broker: Broker; clock: VirtualClock }> {
  const clock = new VirtualClock()
  const broker = testBroker({ ...options, stack: { ...options.stack, clock } })
  await broker.start()
  return { broker, clock }
}

const passwords: MiddlewareLike = {
  name: 'Passwords',
  authenticateConnection({ username, password }, store) {
    if (username !== undefined) store.valid = String(password) === 'right'
  },
}

describe('a client that is refused leaves one line', () => {
  test.each<[string, BrokerOptions, object, object]>([
    [
      'a name that nobody knows',
      {},
      { username: 'joe', password: SECRET },
      { username: 'joe', reasonCode: 0x86, cause: expect.stringContaining('allowAnonymous') },
    ],
    [
      'a name that is a token',
      {},
      { username: `eyJhbGciOiJIUzI1NiJ9.e30.${SECRET}` },
      { username: '(a token)', reasonCode: 0x86, cause: expect.stringContaining('allowAnonymous') },
    ],
    [
      'a wrong password',
      { use: [passwords], authorize: false },
      { username: 'joe', password: SECRET },
      { username: 'joe', reasonCode: 0x86, cause: 'not authenticated' },
    ],
    ['from elsewhere', {}, {}, { reasonCode: 0x87, cause: expect.stringContaining('this machine alone') }],
    [
      'a client identifier that is too long',
      { allowAnonymous: true },
      { clientId: 'x'.repeat(300) },
      { clientId: `${'x'.repeat(256)}…`, reasonCode: 0x85, cause: expect.stringContaining('256 bytes') },
    ],
    [
      'another version',
      { allowAnonymous: true, connection: { forceMQTT4: true } },
      { protocolVersion: 5 },
      { version: 5, reasonCode: 0x84, cause: expect.stringContaining('3.1.1') },
    ],
    [
      'a will at a control topic',
      { allowAnonymous: true },
      { will: { topic: '$SYS/x', payload: Buffer.from(SECRET), qos: 0, retain: false } },
      { reasonCode: 0x87, cause: expect.stringContaining('will') },
    ],
    [
      'a session of somebody else',
      {
        allowAnonymous: true,
        use: [
          {
            name: 'Taken',
            openSession(_ctx, store) {
              store.refused = ReasonCode.NOT_AUTHORIZED
            },
          },
        ],
        backend: false,
        authorize: false,
        subscriptionManager: false,
        retainManager: false,
        outboundManager: false,
        inboundManager: false,
      },
      {},
      { reasonCode: 0x87, cause: 'the session is refused' },
    ],
  ])('%s', async (_what, options, connect, fields) => {
    const { broker } = await quiet(options)
    const { protocolVersion = 4, ...rest } = connect as { protocolVersion?: 4 | 5 }
    const client = memoryClient(broker, { clientId: 'one', protocolVersion }, FAR)
    await client.connect(rest).catch(() => {})
    await client.closed
    expect(lines(broker)).toEqual([
      {
        line: 'client refused',
        clientId: 'one',
        remote: FAR.remote,
        transport: 'tcp',
        version: 4,
        ...fields,
      },
    ])
    expect(JSON.stringify(lines(broker))).not.toContain(SECRET)
  })

  test('none for a session that is kept', async () => {
    const { broker } = await quiet()
    const client = memoryClient(broker, {}, FAR)
    client.stream.write(Buffer.from('\x10\x0c\x00\x04MQTT\x04\x00\x00\x00\x00\x00', 'latin1'))
    await client.closed
    expect(lines(broker)).toEqual([
      expect.objectContaining({ reasonCode: 0x85, cause: 'no client identifier' }),
    ])
  })

  test('a session of another identity, and one too many', async () => {
    const use = [passwords]
    const { broker } = await quiet({ use, authorize: false, backend: { sessions: 1 } })
    const joe = memoryClient(broker, { clientId: 'one' }, FAR)
    await joe.connect({ username: 'joe', password: 'right', clean: false })
    await joe.disconnect()
    for (const clientId of ['one', 'two'])
      await memoryClient(broker, { clientId }, FAR)
        .connect({ username: 'ann', password: 'right', clean: false })
        .catch(() => {})
    expect(lines(broker)).toEqual([
      expect.objectContaining({ clientId: 'one', cause: expect.stringContaining('somebody else') }),
      expect.objectContaining({ clientId: 'two', cause: expect.stringContaining('no room') }),
    ])
  })

  test('a page of another site (Origin)', async () => {
    const { broker } = await quiet()
    const origin = 'https://evil.example'
    const client = memoryClient(broker, { clientId: 'page' }, { transport: 'ws', local: false, origin })
    await client.connect()
    expect(lines(broker)).toEqual([expect.objectContaining({ clientId: 'page', origin, reasonCode: 0x87 })])
  })

  test('what is no MQTT', async () => {
    const { broker } = await quiet()
    const client = memoryClient(broker, {}, FAR)
    client.stream.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await client.closed
    expect(lines(broker)).toEqual([expect.objectContaining({ line: 'client refused', remote: FAR.remote })])
  })

  test('one that says nothing', async () => {
    const { broker, clock } = await quiet()
    const client = memoryClient(broker, {}, FAR)
    await clock.advance(11_000)
    await client.closed
    expect(lines(broker)).toEqual([
      expect.objectContaining({ remote: FAR.remote, cause: 'no CONNECT came within 10000 ms' }),
    ])
  })

  test('but none where it leaves by itself, nor when the broker stops', async () => {
    const { broker } = await quiet()
    memoryClient(broker, {}, FAR).stream.end()
    const client = memoryClient(broker)
    await client.connect()
    await client.disconnect()
    await memoryClient(broker, { clientId: 'other' }).connect()
    memoryClient(broker, {}, FAR)
    await settle()
    await broker.close()
    expect(lines(broker)).toEqual([])
  })
})

describe('an accepted connection that the broker ends leaves one line', () => {
  test('a take-over names the older connection', async () => {
    const { broker } = await quiet()
    const older = memoryClient(broker, { clientId: 'one' })
    await older.connect()
    await memoryClient(broker, { clientId: 'one' }).connect()
    expect(lines(broker)).toEqual([
      {
        line: 'session taken over',
        clientId: 'one',
        transport: 'memory',
        version: 4,
        reasonCode: 0x8e,
        cause: 'session taken over',
      },
    ])
  })

  test('a keep alive that is over', async () => {
    const { broker, clock } = await quiet()
    await memoryClient(broker, { clientId: 'one' }).connect({ keepalive: 10 })
    await clock.advance(16_000)
    expect(lines(broker)).toEqual([
      expect.objectContaining({ clientId: 'one', reasonCode: 0x8d, cause: 'keep alive time-out' }),
    ])
  })

  test('a protocol error', async () => {
    const { broker } = await quiet()
    const client = memoryClient(broker, { clientId: 'one' })
    await client.connect()
    client.stream.write(Buffer.of(0x10, 0))
    await client.closed
    expect(lines(broker)).toEqual([
      expect.objectContaining({ line: 'connection closed', clientId: 'one', cause: expect.any(String) }),
    ])
  })

  test('one that takes nothing', async () => {
    const { broker, clock } = await quiet({ stack: { highWater: 1_024, drainTimeout: 5_000 } })
    const client = memoryClient(broker, { clientId: 'slow' })
    await client.connect()
    await client.subscribe('a')
    client.freeze()
    for (let i = 0; i < 200; i++) await broker.publish('a', 'x'.repeat(1_000))
    await clock.advance(8_000)
    expect(lines(broker).filter(({ line }) => line === 'connection closed')).toEqual([
      expect.objectContaining({ clientId: 'slow', cause: 'it takes nothing of what it is sent' }),
    ])
  })

  test('a broken stream, but not a lost one', async () => {
    const { broker } = await quiet()
    for (const error of [
      Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }),
      new Error('bad record mac'),
    ]) {
      await memoryClient(broker, { clientId: 'one' }).connect()
      for (const client of broker.stack.clients) client.stream.destroy(error)
      await settle()
    }
    expect(lines(broker)).toEqual([expect.objectContaining({ clientId: 'one', cause: 'bad record mac' })])
  })
})

describe('messages that are dropped are told at most once a second and client', () => {
  test('with their number and the reason', async () => {
    const { broker, clock } = await quiet()
    const client = memoryClient(broker, { clientId: 'one' })
    await client.connect({ username: undefined })
    for (let i = 0; i < 3; i++) await client.publish('$SYS/x', SECRET, { qos: 1 })
    expect(lines(broker)).toEqual([])
    await clock.advance(1_000)
    await client.publish('$SYS/x', SECRET, { qos: 1 })
    await clock.advance(900)
    expect(lines(broker)).toHaveLength(1)
    await clock.advance(100)
    const line = { line: 'messages dropped', clientId: 'one', transport: 'memory', version: 4 }
    expect(lines(broker)).toEqual([
      { ...line, count: 3, cause: 'control-topic' },
      { ...line, count: 1, cause: 'control-topic' },
    ])
  })

  test('those that a rule refuses', async () => {
    const rules: MiddlewareLike = {
      name: 'Rules',
      authorizePacket({ packet }, store) {
        store.valid = packet.cmd !== 'publish'
      },
    }
    const { broker, clock } = await quiet({ use: [rules] })
    const client = memoryClient(broker, { clientId: 'one' })
    await client.connect()
    await client.publish('a', 'b', { qos: 1 })
    await clock.advance(1_000)
    expect(lines(broker)).toEqual([
      expect.objectContaining({ clientId: 'one', count: 1, cause: 'not-authorized' }),
    ])
  })

  test('those that are not taken, with a reason code of 5.0', async () => {
    const { broker, clock } = await quiet({ inboundManager: { validatePayloadFormat: true } })
    const client = memoryClient(broker, { clientId: 'one', protocolVersion: 5 })
    await client.connect()
    const properties = { payloadFormatIndicator: true }
    await client.publish('a', Buffer.of(0xff), { qos: 1, properties })
    await client.publish('a', Buffer.of(0xff), { qos: 0, properties })
    await clock.advance(1_000)
    expect(lines(broker)).toEqual([expect.objectContaining({ clientId: 'one', count: 2, cause: 'refused' })])
  })

  test('to a client that is not there, with several reasons in one line; what is left is told at the end', async () => {
    const { broker } = await quiet()
    const packet = Publish.from({ topic: 'a', payload: SECRET })
    for (const reason of ['expired', 'log-full', 'expired'] as const)
      broker.stack.tell('messageDropped', { clientId: 'one', client: undefined, packet, reason, count: 1 })
    await broker.close()
    expect(lines(broker)).toEqual([
      { line: 'messages dropped', clientId: 'one', count: 3, cause: 'expired: 2, log-full: 1' },
    ])
  })
})

test('a filter that is refused leaves one line', async () => {
  const { broker } = await quiet({ subscriptionManager: { subscriptions: 1 } })
  const client = memoryClient(broker, { clientId: 'one' })
  await client.connect()
  await client.subscribe('a')
  await client.subscribe('b')
  expect(lines(broker)).toEqual([
    expect.objectContaining({ line: 'subscription refused', clientId: 'one', topic: 'b', reasonCode: 0x97 }),
  ])
})

test('a flood of refusals is a hundred lines, and one that counts the rest', async () => {
  const { broker, clock } = await quiet()
  for (let i = 0; i < 150; i++) await memoryClient(broker, {}, FAR).connect()
  expect(lines(broker)).toHaveLength(100)
  await clock.advance(1_000)
  expect(lines(broker).at(-1)).toEqual({
    line: '50 more lines of client.refused were left out',
    limited: 'client.refused',
    count: 50,
  })
})

test('100,000 refusals a second are some lines a second, however long it goes on', async () => {
  const { broker, clock } = await quiet()
  const listener = { ...FAR, local: false }
  const refused = {
    client: undefined,
    listener,
    reasonCode: ReasonCode.NOT_AUTHORIZED,
    reason: 'no',
    cause: undefined,
  }
  const flood = async (): Promise<void> => {
    for (let i = 0; i < 100_000; i++) broker.stack.tell('clientRefused', refused)
    await clock.advance(1_000)
  }
  await flood()
  expect(lines(broker)).toHaveLength(101)
  await flood()
  await flood()
  expect(lines(broker)).toHaveLength(101 + 11 + 11)
  const counts = lines(broker).map(({ count }) => Number(count ?? 1))
  expect(counts.reduce((sum, count) => sum + count)).toBe(300_000)
})

describe('at debug, which may be set at any time,', () => {
  const told = ({ stack }: Broker): string[] =>
    (stack.config.logger as RecordingLogger).lines
      .filter(({ level }) => level === 'debug')
      .map(({ cause }) => String((cause as Fields).event))

  test('clients, subscriptions and messages are told too, and nobody listens to messages otherwise', async () => {
    const { broker } = await quiet()
    expect(broker.stack.answers('messagePublished')).toBe(false)
    const client = memoryClient(broker, { clientId: 'one' })
    await client.connect()
    broker.log.level = 'debug'
    expect(broker.stack.answers('messagePublished')).toBe(true)
    await client.subscribe('a')
    await client.publish('a', 'x')
    await broker.publish('b', 'y')
    await client.unsubscribe('a')
    await client.disconnect()
    await settle()
    expect(told(broker)).toEqual([
      'client.subscribed',
      'message.published',
      'message.published',
      'client.unsubscribed',
      'client.disconnected',
    ])
    broker.log.level = 'info'
    expect(broker.stack.answers('messagePublished')).toBe(false)
    await memoryClient(broker, { clientId: 'two' }).connect()
    expect(told(broker)).toHaveLength(5)
  })

  test('listeners of events come and go as before', async () => {
    const { broker } = await quiet()
    const heard: string[] = []
    const listen = ({ packet }: { packet: Publish }): void => void heard.push(packet.topic)
    broker.on('published', listen)
    broker.log.level = 'debug'
    await broker.publish('a', 'x')
    broker.log.level = 'info'
    await broker.publish('b', 'x')
    broker.off('published', listen)
    expect(broker.stack.answers('messagePublished')).toBe(false)
    expect(heard).toEqual(['a', 'b'])
  })

  test('a stack of one’s own has it by stack.use(new EventLog())', async () => {
    const { logger, client, stack } = await testStack({ use: [acceptAll(), new EventLog()] })
    stack.log.level = 'debug'
    await client({ clientId: 'one' })
    for (const one of stack.clients) stack.tell('clientConnected', { client: one } as never)
    expect(logger.events('client.connected')).toEqual([expect.objectContaining({ clientId: 'one' })])
    expect(stack.answers('messagePublished')).toBe(true)
  })
})

describe('what a listener turns away leaves one line', () => {
  const portOf = (broker: Broker): number => broker.addresses[0].port as number
  const dial = (broker: Broker) => {
    const socket = connectPlain(portOf(broker), '127.0.0.1').on('error', () => {})
    onTestFinished(() => void socket.destroy())
    return socket.resume()
  }

  test('a connection too many', async () => {
    const broker = await listeningBroker({ listeners: [{ transport: 'tcp', port: 0, maxConnections: 1 }] })
    await new TestClient(dial(broker)).connect()
    await closeOf(dial(broker))
    expect(lines(broker)).toEqual([
      expect.objectContaining({ transport: 'tcp', cause: 'more than 1 connections (maxConnections)' }),
    ])
  })

  test('a TLS handshake that fails', async () => {
    const certificate = createCertificate('localhost')
    const broker = await listeningBroker({ listeners: [{ transport: 'tls', port: 0, ...certificate }] })
    const socket = dial(broker)
    socket.end('GET / HTTP/1.1\r\n\r\n')
    await closeOf(socket)
    expect(lines(broker)).toEqual([
      expect.objectContaining({ transport: 'tls', cause: expect.stringContaining('TLS handshake') }),
    ])
  })

  test.each([
    ['another path', '/other', ['mqtt'], /MQTT is at/],
    ['no subprotocol', '/mqtt', [], /subprotocol/],
  ])('a WebSocket with %s', async (_what, path, protocols, cause) => {
    const broker = await listeningBroker({ listeners: [{ transport: 'ws', port: 0, path: '/mqtt' }] })
    const socket = new WebSocket(`ws://127.0.0.1:${portOf(broker)}${path}`, protocols)
    socket.on('error', () => {})
    await closeOf(socket)
    expect(lines(broker)).toEqual([
      expect.objectContaining({ transport: 'ws', cause: expect.stringMatching(cause) }),
    ])
  })

  test('a WebSocket handshake without a key', async () => {
    const broker = await listeningBroker({ listeners: [{ transport: 'ws', port: 0 }] })
    const socket = dial(broker)
    const head = ['GET / HTTP/1.1', 'host: x', 'connection: upgrade', 'upgrade: websocket']
    socket.write([...head, 'sec-websocket-protocol: mqtt', '', ''].join('\r\n'))
    await closeOf(socket)
    expect(lines(broker)).toEqual([
      expect.objectContaining({ transport: 'ws', cause: expect.stringContaining('Sec-WebSocket-Key') }),
    ])
  })

  test('no WebSocket in time', async () => {
    const broker = await listeningBroker({ listeners: [{ transport: 'ws', port: 0, upgradeTimeout: 50 }] })
    await closeOf(dial(broker))
    expect(lines(broker)).toEqual([expect.objectContaining({ cause: 'no WebSocket within 50 ms' })])
  })

  test('a page of another site, by its Origin', async () => {
    const broker = await listeningBroker({ listeners: [{ transport: 'ws', port: 0, origins: '*' }] })
    const origin = 'https://evil.example'
    const socket = new WebSocket(`ws://127.0.0.1:${portOf(broker)}`, ['mqtt'], { origin })
    const client = new TestClient(createWebSocketStream(socket.on('error', () => {})), {
      clientId: 'page',
      patience: 10_000,
    })
    await client.connect()
    expect(lines(broker)).toEqual([
      expect.objectContaining({ clientId: 'page', transport: 'ws', origin, reasonCode: 0x87 }),
    ])
  })

  test('a stranger to net.createServer(stack.handler()), which lets this machine in', async () => {
    const broker = testBroker()
    const server = createServer(broker.stack.handler()).listen(0, '0.0.0.0')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const call = (host: string): TestClient => {
      const socket = connectPlain(port, host).on('error', () => {})
      onTestFinished(() => void socket.destroy())
      return new TestClient(socket, { clientId: 'one', patience: 10_000 })
    }
    expect(await call('127.0.0.1').connect()).toMatchObject({ returnCode: 0 })
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)
    if (outer === undefined) return
    expect(await call(outer.address).connect()).toMatchObject({ returnCode: 5 })
    expect(lines(broker)).toEqual([
      expect.objectContaining({ clientId: 'one', remote: expect.stringContaining(outer.address) }),
    ])
  })

  test('a frame of text', async () => {
    const broker = await listeningBroker({ listeners: [{ transport: 'ws', port: 0 }] })
    const socket = new WebSocket(`ws://127.0.0.1:${portOf(broker)}`, ['mqtt'])
    socket.on('open', () => socket.send('hello')).on('error', () => {})
    await closeOf(socket)
    expect(lines(broker)).toEqual([
      expect.objectContaining({ transport: 'ws', cause: expect.stringContaining('text') }),
    ])
  })
})
