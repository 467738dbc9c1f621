/** mqtt-stack as the conformance suite's target: the default broker on streams, with a virtual clock. */
import { createBroker } from '@mqtt-stack/broker'
import { RecordingLogger, settle, streamPair, VirtualClock } from '@mqtt-stack/testing'
import type { Target } from '../../packages/conformance/src/harness/target.ts'

/** A broker of its own for each test. */
export async function mqttStack(): Promise<Target> {
  const clock = new VirtualClock()
  const logger = new RecordingLogger()
  const broker = createBroker({ listeners: [], stack: { clock, logger } })
  await broker.start()
  return {
    connect() {
      const [device, server] = streamPair()
      broker.stack.connect(server, { transport: 'memory', local: true })
      return device
    },
    advance: (ms) => clock.advance(ms),
    settle,
    close: () => broker.close(),
  }
}
