import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { TestClient, VirtualClock } from '@mqtt-stack/testing'
import fc from 'fast-check'
import { connectAsync } from 'mqtt'
import { generate } from 'mqtt-packet'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClientOptions } from 'ws'
import { createWebSocketStream, WebSocket } from 'ws'
import { closeOf, listeningBroker } from '../../../../test/rig/broker.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { Broker } from '../broker.ts'
import type { BrokerOptions } from '../broker-options.ts'
import type { WsListenerOptions } from './options.ts'

const CONNECT = generate({ cmd: 'connect', clientId: 'frames', clean: true, keepalive: 0 })
const PINGREQ = generate({ cmd: 'pingreq' })

function wsBroker(listener: Partial<WsListenerOptions> = {}, options: BrokerOptions = {}): Promise<Broker> {
  return listeningBroker({ listeners: [{ transport: 'ws', port: 0, ...listener }], ...options })
}

function open(
  broker: Broker,
  protocols: string | string[] = 'mqtt',
  options: ClientOptions = {},
  path = '/',
): WebSocket {
  const socket = new WebSocket(new URL(path, broker.addresses[0].url), protocols, options)
  onTestFinished(() => socket.terminate())
  return socket.on('error', () => {})
}

const clientOn = (socket: WebSocket): TestClient =>
  new TestClient(createWebSocketStream(socket), { patience: 10_000 })

/** What a plain request is answered with. */
async function answerTo(
  broker: Broker,
  headers: Record<string, string>,
  path = '/',
): Promise<[number, string]> {
  const asked = request({ port: broker.addresses[0].port, host: '127.0.0.1', path, headers }).end()
  const [response] = await once(asked, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return [response.statusCode, body]
}

const UPGRADE = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

const UPGRADE_REQUEST = Object.entries({ host: 'x', ...UPGRADE, 'sec-websocket-protocol': 'mqtt' })
  .reduce((text, line) => `${text}${line.join(': ')}\r\n`, 'GET / HTTP/1.1\r\n')
  .concat('\r\n')

/** A whole frame as clients send it, with a mask of zeros. */
const masked = (opcode: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])

describe('clients', () => {
  test('MQTT.js connects, publishes and receives', async () => {
    const broker = await wsBroker()
    const client = await connectAsync(broker.addresses[0].url)
    onTestFinished(() => void client.end(true))
    await client.subscribeAsync('a/#', { qos: 2 })
    const message = new Promise((resolve) =>
      client.once('message', (topic, { length }) => resolve([topic, length])),
    )
    await client.publishAsync('a/b', 'x'.repeat(200_000), { qos: 2 })
    expect(await message).toEqual(['a/b', 200_000])
    const [{ listener }] = broker.stack.clients
    const { transport, local, remote } = listener
    expect([transport, local, remote]).toEqual(['ws', true, expect.stringMatching(/^127\.0\.0\.1:\d+$/)])
  })

  test('over TLS', async () => {
    const { cert, key } = createCertificate('localhost')
    const broker = await listeningBroker({ listeners: [{ transport: 'wss', port: 0, cert, key }] })
    const { port, url } = broker.addresses[0]
    expect(url).toBe(`wss://127.0.0.1:${port}`)
    const client = await connectAsync(`wss://localhost:${port}/mqtt`, { ca: cert, servername: 'localhost' })
    onTestFinished(() => void client.end(true))
    await client.publishAsync('a', 'b', { qos: 1 })
    expect([...broker.stack.clients][0].listener).toMatchObject({ transport: 'wss', local: true })
  })

  test('the subprotocol is answered, mqtt before mqttv3.1 [MQTT-6.0.0-3] [MQTT-6.0.0-4]', async () => {
    const broker = await wsBroker()
    for (const [offered, chosen] of [
      [['mqtt'], 'mqtt'],
      [['mqttv3.1'], 'mqttv3.1'],
      [['other', 'mqttv3.1', 'mqtt'], 'mqtt'],
    ] as const) {
      const socket = open(broker, [...offered])
      await once(socket, 'open')
      expect(socket.protocol).toBe(chosen)
    }
  })

  test('packets need not align with frames [MQTT-6.0.0-2]', async () => {
    const broker = await wsBroker()
    const socket = open(broker)
    await once(socket, 'open')
    for (const byte of CONNECT) socket.send(Uint8Array.of(byte))
    const [connack] = await once(socket, 'message')
    expect([...(connack as Buffer)]).toEqual([0x20, 2, 0, 0])
    // Two packets in one frame, in two fragments.
    const both = Buffer.concat([PINGREQ, PINGREQ])
    socket.send(both.subarray(0, 1), { fin: false })
    socket.send(both.subarray(1), { fin: true })
    let answered = Buffer.alloc(0)
    while (answered.length < 4)
      answered = Buffer.concat([answered, (await once(socket, 'message'))[0] as Buffer])
    expect([...answered]).toEqual([0xd0, 0, 0xd0, 0])
  })

  test('what is sent is in binary frames [MQTT-6.0.0-1]', async () => {
    const socket = open(await wsBroker())
    await once(socket, 'open')
    socket.send(CONNECT)
    expect((await once(socket, 'message'))[1]).toBe(true)
  })

  test('a client that leaves without DISCONNECT is lost, and its will is sent', async () => {
    const broker = await wsBroker()
    const watcher = clientOn(open(broker))
    await watcher.connect({ clientId: 'watcher' })
    await watcher.subscribe('wills')
    const socket = open(broker)
    const client = clientOn(socket)
    await client.connect({
      clientId: 'lost',
      will: { topic: 'wills', payload: Buffer.from('gone'), qos: 0, retain: false },
    })
    socket.close()
    expect(await watcher.message()).toMatchObject({ payload: 'gone' })
  })

  test('the connection is over at the close frame, though TCP stays open: its will is sent at once', async () => {
    // Time stands still: nobody is cut off for lingering.
    const broker = await wsBroker({}, { stack: { clock: new VirtualClock() } })
    const watcher = clientOn(open(broker))
    await watcher.connect({ clientId: 'watcher' })
    await watcher.subscribe('wills')
    const { port } = broker.addresses[0]
    const socket = connect({ port: port as number, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void socket.destroy())
    socket.write(UPGRADE_REQUEST)
    await once(socket, 'data')
    const will = { topic: 'wills', payload: Buffer.from('gone'), qos: 0, retain: false } as const
    socket.write(masked(2, generate({ cmd: 'connect', clientId: 'lost', clean: true, keepalive: 0, will })))
    await once(socket, 'data')
    socket.write(masked(8, Buffer.from([3, 232])))
    expect([...(await once(socket, 'data'))[0]]).toEqual([0x88, 2, 3, 232])
    expect(await watcher.message()).toMatchObject({ payload: 'gone' })
    expect(socket.destroyed).toBe(false)
  })

  test('pages of other sites are not local', async () => {
    const broker = await wsBroker({ origins: '*' })
    const connack = (origin: string) => clientOn(open(broker, 'mqtt', { origin })).connect()
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:8443']) {
      expect(await connack(origin)).toMatchObject({ returnCode: 0 })
    }
    for (const origin of ['https://example.com', 'http://localhost.example.com', 'null']) {
      expect(await connack(origin)).toMatchObject({ returnCode: 5 })
    }
  })
})

describe('bad input', () => {
  test('a text frame closes the connection [MQTT-6.0.0-1]', async () => {
    const broker = await wsBroker()
    const socket = open(broker)
    await once(socket, 'open')
    socket.send(CONNECT)
    await once(socket, 'message')
    socket.send('text')
    expect((await closeOf(socket))[0]).toBe(1003)
  })

  test('a message over the bound closes the connection', async () => {
    const socket = open(await wsBroker({ maxPayload: 100 }))
    await once(socket, 'open')
    socket.send(new Uint8Array(101))
    expect((await closeOf(socket))[0]).toBe(1009)
  })

  test('a message over the early bound closes the connection before CONNECT, and none after it', async () => {
    const options: BrokerOptions = { stack: { connectLimit: 1_000, packetLimit: 1_000_000 } }
    const broker = await wsBroker({}, options)
    const socket = open(broker)
    await once(socket, 'open')
    socket.send(new Uint8Array(100_000), { fin: false })
    expect((await closeOf(socket))[0]).toBe(1006)
    const other = open(broker)
    const client = clientOn(other)
    await client.connect()
    await client.publish('a', 'x'.repeat(900_000), { qos: 1 })
  })

  test('broken frames close that connection alone', async () => {
    const broker = await wsBroker()
    const neighbour = clientOn(open(broker))
    await neighbour.connect()
    for (const bytes of [
      Buffer.from('ffffffffffffffffffff', 'hex'),
      Buffer.from('8205', 'hex'),
      Buffer.alloc(64),
    ]) {
      const socket = connect(broker.addresses[0].port as number, '127.0.0.1').on('error', () => {})
      onTestFinished(() => void socket.destroy())
      const head = Object.entries({ ...UPGRADE, 'sec-websocket-protocol': 'mqtt' }).map((line) =>
        line.join(': '),
      )
      socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${head.join('\r\n')}\r\n\r\n`)
      await once(socket, 'data')
      socket.write(bytes)
      socket.resume()
      await closeOf(socket)
    }
    await neighbour.ping()
  })

  test('no subprotocol, another one, another path, no upgrade: an HTTP answer', async () => {
    const broker = await wsBroker({ path: '/mqtt' })
    const mqtt = { ...UPGRADE, 'sec-websocket-protocol': 'mqtt' }
    expect(await answerTo(broker, UPGRADE, '/mqtt')).toEqual([400, expect.stringContaining('"mqtt"')])
    expect(await answerTo(broker, { ...mqtt, 'sec-websocket-protocol': 'amqp' }, '/mqtt')).toEqual([
      400,
      expect.anything(),
    ])
    expect(await answerTo(broker, mqtt, '/other')).toEqual([404, expect.stringContaining('/mqtt')])
    expect(await answerTo(broker, {})).toEqual([426, expect.stringContaining('WebSocket')])
    expect(await answerTo(broker, { ...mqtt, 'sec-websocket-key': 'short' }, '/mqtt')).toEqual([
      400,
      expect.anything(),
    ])
    const socket = open(broker, 'mqtt', {}, '/mqtt?token=x')
    await once(socket, 'open')
  })

  test('headers without end are refused', async () => {
    const broker = await wsBroker()
    const socket = connect(broker.addresses[0].port as number, '127.0.0.1').on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(`GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`)
    let answer = ''
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    await closeOf(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  })

  test.each([
    ['says nothing', ''],
    ['never ends its request', 'GET / HTTP/1.1\r\nhost: x\r\n'],
  ])('who %s is given up', async (_what, bytes) => {
    const broker = await wsBroker({ upgradeTimeout: 50 })
    const socket = connect(broker.addresses[0].port as number, '127.0.0.1').on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.resume()
    socket.write(bytes)
    await closeOf(socket)
  })
})

describe('fuzz', () => {
  /** What becomes of one connection: it must be over once its other side has nothing more to say. */
  async function over(port: number, chunks: readonly Uint8Array[]): Promise<void> {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    for (const chunk of chunks) socket.write(chunk)
    socket.end().resume()
    await closed
  }

  test('no upgrade request harms a neighbour', async () => {
    const broker = await wsBroker()
    const { port } = broker.addresses[0]
    const neighbour = clientOn(open(broker))
    await neighbour.connect()
    const request = Buffer.from(UPGRADE_REQUEST, 'latin1')
    const byte = fc.nat(255)
    const edit = fc.record({
      at: fc.nat(request.length - 1),
      drop: fc.nat(20),
      put: fc.array(byte, { maxLength: 20 }),
    })
    const changed = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
      const bytes = [...request]
      for (const { at, drop, put } of edits) bytes.splice(at, drop, ...put)
      return Uint8Array.from(bytes)
    })
    await fc.assert(
      fc.asyncProperty(changed, async (bytes) => {
        await over(port as number, [bytes])
        await neighbour.ping()
      }),
      { numRuns: 100, seed: 1 },
    )
  })

  test('no frames harm a neighbour', async () => {
    const broker = await wsBroker()
    const { port } = broker.addresses[0]
    const neighbour = clientOn(open(broker))
    await neighbour.connect()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), async (chunks) => {
        await over(port as number, [Buffer.from(UPGRADE_REQUEST, 'latin1'), ...chunks])
        await neighbour.ping()
      }),
      { numRuns: 100, seed: 1 },
    )
  })
})

test('a TLS handshake that never comes is given up', async () => {
  const listener = {
    transport: 'wss',
    port: 0,
    ...createCertificate('localhost'),
    handshakeTimeout: 50,
  } as const
  const broker = await listeningBroker({ listeners: [listener] })
  const socket = connect(broker.addresses[0].port as number, '127.0.0.1').on('error', () => {})
  socket.resume()
  await closeOf(socket)
})

describe('closing', () => {
  test('tells the other side', async () => {
    const broker = await wsBroker()
    const socket = open(broker)
    await clientOn(socket).connect()
    const closed = closeOf(socket)
    await broker.close()
    await closed
  })

  test('cuts off who is not upgraded, and who does not answer', async () => {
    const broker = await wsBroker()
    const idle = connect({ port: broker.addresses[0].port as number, host: '127.0.0.1', allowHalfOpen: true })
    idle.on('error', () => {}).resume()
    await once(idle, 'connect')
    const hung = open(broker)
    await once(hung, 'open')
    hung.pause()
    const ended = once(idle, 'end')
    await broker.close()
    await ended
  })
})
