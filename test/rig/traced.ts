/** For tests: a broker with tracing and a clock that stands still, and clients that are let in. */
import type { BrokerOptions } from '@mqtt-stack/broker'
import type { Listener } from '@mqtt-stack/core'
import type { ConnectOptions, TestClient, TestClientOptions } from '@mqtt-stack/testing'
import { VirtualClock } from '@mqtt-stack/testing'
import type { TracingOptions } from '@mqtt-stack/tracing'
import { Tracing } from '@mqtt-stack/tracing'
import { memoryClient, testBroker } from './broker.ts'

export type Broker = ReturnType<typeof testBroker>

export async function tracedBroker(
  { use = [], stack, ...options }: BrokerOptions = {},
  tracing: TracingOptions = {},
): Promise<{ broker: Broker; clock: VirtualClock }> {
  const clock = (stack?.clock as VirtualClock | undefined) ?? new VirtualClock()
  const broker = testBroker({ ...options, use: [new Tracing(tracing), ...use], stack: { ...stack, clock } })
  await broker.start()
  return { broker, clock }
}

export async function connected(
  broker: Broker,
  options: ConnectOptions & TestClientOptions & { listener?: Listener },
): Promise<TestClient> {
  const { listener, protocolVersion = 5, autoAck, ...connect } = options
  const client = memoryClient(
    broker,
    { protocolVersion, ...(autoAck === undefined ? {} : { autoAck }) },
    listener,
  )
  await client.connect(connect)
  return client
}
