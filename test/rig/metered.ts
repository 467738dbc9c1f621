/** A broker that counts, on a virtual clock and no socket. */
import type { BrokerOptions } from '@mqtt-stack/broker'
import type { MetricFamily, MiddlewareLike } from '@mqtt-stack/core'
import type { MetricsOptions } from '@mqtt-stack/metrics'
import { Metrics } from '@mqtt-stack/metrics'
import type { Broker5 } from './broker.ts'
import { broker5 } from './broker.ts'

export interface Metered extends Broker5 {
  readonly metrics: Metrics
  /** What is counted now, however lately it was asked. */
  families(): Promise<readonly MetricFamily[]>
  /** Whoever comes from now on is this user. */
  everybodyIs(identity: string): void
}

/** @param mine Middlewares of a user's own. */
export function metered(
  options: MetricsOptions = {},
  others: BrokerOptions = {},
  ...mine: MiddlewareLike[]
): Metered {
  const metrics = new Metrics({ every: 1, ...options })
  let identity: string | undefined
  const whoever: MiddlewareLike = {
    name: 'Whoever',
    authenticateConnection(_ctx, store) {
      if (identity === undefined) return
      store.valid = true
      store.identity = identity
    },
    authorizePacket(_ctx, store) {
      store.valid = true
    },
  }
  const test = broker5({
    allowAnonymous: true,
    ...others,
    use: [
      { middleware: metrics, before: 'packetEmitter' },
      { middleware: whoever, before: 'authentication' },
      ...mine,
    ],
  })
  return {
    ...test,
    metrics,
    everybodyIs(name) {
      identity = name
    },
    async families() {
      await test.broker.start()
      await test.seconds(1)
      return metrics.gather()
    },
  }
}
