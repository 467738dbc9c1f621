import type { Bench } from '../load/bench.ts'
import type { Plan } from '../load/plan.ts'
import type { Publisher } from '../load/publisher.ts'
import { Traffic } from '../load/traffic.ts'
import { percentile } from '../report/statistics.ts'
import { USUAL } from './flow.ts'
import { pairs } from './layouts.ts'
import type { Metric, Scenario } from './scenario.ts'

const IN_FLIGHT = 8
const MOST_SAMPLES = 4_000_000

export const PERCENTILES: readonly Metric[] = ['p50', 'p99', 'p99.9'].map((key) => ({
  key,
  label: `µs at ${key}`,
  higherIsBetter: false,
}))

/** Eight clients that each send their next message when the last has arrived. */
export const latency: Scenario = {
  name: 'latency',
  about: 'time from publish to delivery with 8 messages in flight, QoS 0',
  conditions: '8 pairs with a message in flight each',
  needs: [],
  metrics: PERCENTILES,
  run: (bench) => measureLatency(bench, { ...USUAL, batch: 1, window: IN_FLIGHT, ...pairs(IN_FLIGHT) }),
}

/** Of clients that each have a message under way, as many as the plan has publishers. */
export async function measureLatency(bench: Bench, plan: Plan): Promise<Record<string, number>> {
  const traffic = new Traffic(plan, bench.target, bench.tally)
  const samples = new Float64Array(MOST_SAMPLES)
  const sentAt = new Float64Array(plan.publishers)
  let count = 0
  traffic.window.probe = {
    sent: (publisher: Publisher) => {
      sentAt[publisher.index] = performance.now()
    },
    delivered: (publisher: Publisher) => {
      if (count < MOST_SAMPLES) samples[count++] = performance.now() - sentAt[publisher.index]
    },
  }
  await traffic.connect()
  await traffic.run(bench.warmup)
  count = 0
  await bench.measure(() => traffic.run(bench.seconds))
  const sorted = samples.subarray(0, count).sort()
  await traffic.settle()
  await traffic.close()
  const at = (share: number): number => percentile(sorted, share) * 1000
  return { p50: at(0.5), p99: at(0.99), 'p99.9': at(0.999) }
}
