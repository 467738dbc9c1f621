import type { Broker, BrokerOptions, Listener } from '@mqtt-stack/broker'
import type { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { ConnectOptions, OpenOptions, Received } from '@mqtt-stack/testing'
import { RecordingLogger, settle, streamPair, TestClient, VirtualClock } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'
import { memoryOf, testBroker } from './test-broker.ts'

/** Of CONNECT and of its will. */
export type ConnectProperties = ConnectOptions['properties']

export interface Broker5 {
  readonly broker: Broker
  readonly clock: VirtualClock
  readonly logger: RecordingLogger
  readonly memory: MemoryBackend
  /** A connection on which nothing was sent yet, 5.0 unless told otherwise. */
  open(options?: OpenOptions): TestClient
  /** A client that was accepted, with its CONNACK. */
  accepted(options?: ConnectOptions & OpenOptions): Promise<[TestClient, Received<'connack'>]>
  /** A client that was accepted. */
  client(options?: ConnectOptions & OpenOptions): Promise<TestClient>
  /** Lets seconds pass. */
  seconds(count: number): Promise<void>
}

/** The broker as `createBroker` wires it, on a virtual clock and no socket; its clients speak 5.0. */
export function broker5(options: BrokerOptions = {}): Broker5 {
  const clock = new VirtualClock()
  const logger = new RecordingLogger()
  const broker = testBroker({ ...options, stack: { strict: true, clock, logger, ...options.stack } })
  let clients = 0

  function open({ listener, highWaterMark, ...rest }: OpenOptions = {}): TestClient {
    const [device, end] = streamPair({ highWaterMark })
    const where: Listener = listener ?? { transport: 'memory', local: true }
    broker.stack.connect(end, where)
    return new TestClient(device, { clientId: `client-${++clients}`, protocolVersion: 5, ...rest })
  }

  async function accepted(
    given: ConnectOptions & OpenOptions = {},
  ): Promise<[TestClient, Received<'connack'>]> {
    const { clientId, clean, keepalive, username, password, will, properties } = given
    const client = open(given)
    const connack = await client.connect({
      clientId,
      clean,
      keepalive,
      username,
      password,
      will,
      properties,
    })
    const code = connack.reasonCode ?? connack.returnCode
    if (code) throw new Error(`${client.clientId} was refused with 0x${code.toString(16)}`)
    return [client, connack]
  }

  const memory = memoryOf(broker)
  onTestFinished(() => settle())
  return {
    broker,
    clock,
    logger,
    memory,
    open,
    accepted,
    client: async (given) => (await accepted(given))[0],
    seconds: (count) => clock.advance(count * 1_000),
  }
}

/** Every PUBLISH that came, oldest first, in a few words: topic, payload, and the flags that are set. */
export function messagesOf({ received }: TestClient): string[] {
  return received.flatMap((packet) => {
    if (packet.cmd !== 'publish') return []
    const { topic, payload, qos, retain, dup } = packet
    return [[topic, String(payload), `q${qos}`, retain ? 'r' : '', dup ? 'd' : ''].filter(Boolean).join(' ')]
  })
}

/** All bytes that come for a client from now on. */
export function bytesOf({ stream }: TestClient): () => Buffer {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks)
}

/** The bytes of a user property. */
export function pair(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([38]), text(name), text(value)])
}

/** A string as packets hold it. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

/** A whole packet of less than 16,384 bytes. */
export function frame(header: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7]
  return Buffer.concat([Buffer.from([header, ...length]), body])
}

/** Properties with their length, which is below 128. */
export function properties(...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
  if (body.length > 127) throw new Error('properties of 128 bytes or more')
  return Buffer.concat([Buffer.from([body.length]), body])
}
