/** 6 of both standards: MQTT over WebSockets. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import type { Handshake } from '../../harness/web-socket.ts'
import { frame, handshake, OPCODE, WebSocketStream } from '../../harness/web-socket.ts'
import { join } from '../../wire/bytes.ts'
import * as encode from '../../wire/encode.ts'
import type { Version } from '../../wire/packet-types.ts'

export function webSocket(version: Version): Chapter {
  return chapter(version, '6 WebSocket', (test) => {
    test({ 5: '6.0.0-4' }, 'selects the subprotocol mqtt', async (t) => {
      for (const offered of [['mqtt'], ['other', 'mqtt'], ['mqtt', 'other']]) {
        const { answer } = await open(t, offered)
        t.check(answer.status === 101 && answer.accepted, `it answered ${answer.status}`)
        const selected = answer.headers['sec-websocket-protocol']
        t.check(selected === 'mqtt', `it selected ${selected}`)
      }
    })

    test({ 5: '6.0.0-1' }, 'sends all packets in binary frames', async (t) => {
      const { stream, client } = await connected(t)
      await client.subscribe({ filter: t.topic(), qos: 2 })
      for (const qos of [0, 1, 2]) {
        await client.publish({ topic: t.topic(), payload: `${qos}`, qos })
        await client.message({ payload: `${qos}` })
      }
      await client.ping()
      const data = stream.opcodes.filter((opcode) => opcode < OPCODE.close)
      t.check(data.length > 0 && !data.includes(OPCODE.text), `frames of types ${data} came`)
    })

    test({ 5: '6.0.0-1' }, 'closes when a text frame comes', async (t) => {
      for (const early of [true, false]) {
        const { stream, client } = early ? await open(t) : await connected(t)
        const bytes = early ? t.connectPacket() : encode.pingreq()
        stream.raw(frame(OPCODE.text, bytes))
        await client.gone()
        t.check(
          client.received.every(({ type }) => type !== 'pingresp'),
          'it was answered',
        )
      }
    })

    test({ 5: '6.0.0-2' }, 'takes several packets in one frame', async (t) => {
      const { client } = await open(t)
      const subscribe = encode.subscribe(version, { id: 1, filters: [t.topic()] })
      const publish = encode.publish(version, { topic: t.topic(), payload: 'x' })
      client.send(join(t.connectPacket(), subscribe, publish, encode.pingreq()))
      await client.expect('connack', { code: 0 })
      await client.expect('suback')
      await client.message({ payload: 'x' })
      await client.expect('pingresp')
    })

    test({ 5: '6.0.0-2' }, 'takes a packet in several frames, and in fragments of one', async (t) => {
      const { stream, client } = await open(t)
      for (const byte of t.connectPacket()) client.send(Uint8Array.of(byte))
      await client.expect('connack', { code: 0 })
      const bytes = encode.subscribe(version, { id: 2, filters: [t.topic()] })
      stream.raw(
        frame(OPCODE.binary, bytes.subarray(0, 1), false),
        frame(OPCODE.more, bytes.subarray(1, 4), false),
        frame(OPCODE.ping, new Uint8Array()),
        frame(OPCODE.more, join(bytes.subarray(4), encode.pingreq().subarray(0, 1))),
        frame(OPCODE.binary, encode.pingreq().subarray(1)),
      )
      await client.expect('suback', { id: 2 })
      await client.expect('pingresp')
    })

    test('', 'serves WebSocket and other clients together', async (t) => {
      const { client } = await connected(t)
      const other = await t.connect()
      await client.subscribe(t.topic())
      await other.publish({ topic: t.topic(), payload: 'x' })
      await client.message({ payload: 'x' })
    })

    test('', 'publishes the will of a WebSocket client whose network fails', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const { client } = await connected(t, { will: { topic: t.topic(), payload: 'gone' } })
      await client.drop()
      await watcher.message({ payload: 'gone' })
    })
  })
}

interface Opened {
  readonly stream: WebSocketStream
  readonly client: RawClient
  readonly answer: Handshake
}

/** A WebSocket on which no packet was sent. */
async function open(t: TestContext, offered: readonly string[] = ['mqtt']): Promise<Opened> {
  const { path, connect } = t.need('webSocket')
  const socket = await connect()
  const answer = await handshake(socket, path, offered, t.patience)
  const stream = new WebSocketStream(socket)
  const client = t.adopt(new RawClient(stream, { version: t.version, patience: t.patience }))
  return { stream, client, answer }
}

async function connected(t: TestContext, input: encode.ConnectInput = {}): Promise<Opened> {
  const opened = await open(t)
  await opened.client.connect(t.input(input))
  return opened
}
