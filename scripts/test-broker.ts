import type { EventEmitter } from 'node:events'
import type { Broker, BrokerOptions, Listener } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import type { TestClientOptions } from '@mqtt-stack/testing'
import { RecordingLogger, streamPair, TestClient } from '@mqtt-stack/testing'
import { onTestFinished } from 'vitest'

/** A broker that logs nothing to the console and is closed when the test is over. */
export function testBroker(options: BrokerOptions = {}): Broker {
  const broker = createBroker({ ...options, stack: { logger: new RecordingLogger(), ...options.stack } })
  onTestFinished(() => broker.close())
  return broker
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
