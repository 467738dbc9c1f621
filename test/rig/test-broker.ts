import type { EventEmitter } from 'node:events'
import type { Broker, BrokerOptions, Listener } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import type { MemoryBackendOptions } from '@mqtt-stack/memory-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { TestClientOptions } from '@mqtt-stack/testing'
import { RecordingLogger, slowBackend, streamPair, TestClient } from '@mqtt-stack/testing'
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
