/** The broker as `createBroker` wires it, for tests: it logs nothing to the console and is closed when the test is over. */
import type { EventEmitter } from 'node:events'
import type { Broker, BrokerOptions, Listener } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import type { MemoryBackendOptions } from '@mqtt-stack/memory-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { ConnectOptions, OpenOptions, Received, TestClientOptions } from '@mqtt-stack/testing'
import {
  RecordingLogger,
  settle,
  slowBackend,
  streamPair,
  TestClient,
  VirtualClock,
} from '@mqtt-stack/testing'
import { inject, onTestFinished } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** What a commit of the tests' brokers takes, in ms; 0: they keep things in memory alone. */
    commit: number
  }
}

/** What each broker keeps its things in, on a disk or not. */
const memories = new WeakMap<Broker, MemoryBackend>()

/** The memory backend of a broker of {@link testBroker}. */
export function memoryOf(broker: Broker): MemoryBackend {
  return memories.get(broker) as MemoryBackend
}

/**
 * A broker that logs nothing to the console and is closed when the test is over. Where the tests run on a slow disk
 * (vitest.config.ts says so) nothing that it keeps is applied before its commit.
 */
export function testBroker(options: BrokerOptions = {}): Broker {
  const { backend } = options
  const given = isOptions(backend) ? backend : undefined
  const memory = backend instanceof MemoryBackend ? backend : new MemoryBackend(given)
  const ours = backend === undefined || backend === memory || given !== undefined
  const commit = inject('commit')
  const kept = commit > 0 ? slowBackend(memory, commit) : memory
  const logger = new RecordingLogger()
  const broker = createBroker({
    ...options,
    ...(ours && { backend: kept }),
    stack: { logger, ...options.stack },
  })
  memories.set(broker, memory)
  onTestFinished(() => broker.close())
  return broker
}

/** Options of the memory backend, not a backend of the test's own. */
function isOptions(backend: BrokerOptions['backend']): backend is MemoryBackendOptions {
  return typeof backend === 'object' && !('name' in backend)
}

/** A broker that listens; on a free port of TCP unless `options` say otherwise. */
export async function listeningBroker(options: BrokerOptions = {}): Promise<Broker> {
  const broker = testBroker({ listeners: [{ transport: 'tcp', port: 0 }], ...options })
  await broker.listen()
  return broker
}

/** A client on no socket; local unless `listener` says otherwise. */
export function memoryClient(
  { stack }: Broker,
  options?: TestClientOptions,
  listener: Listener = { transport: 'memory', local: true },
): TestClient {
  const [device, end] = streamPair()
  stack.connect(end, listener)
  return new TestClient(device, options)
}

/**
 * What a socket's `close` event has; unlike `events.once` it does not mind how the connection ended.
 */
export function closeOf(socket: EventEmitter): Promise<unknown[]> {
  return new Promise((resolve) => socket.once('close', (...values) => resolve(values)))
}

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
