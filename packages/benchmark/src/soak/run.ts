import type { Shares } from '../load/bench.ts'
import { Bench } from '../load/bench.ts'
import type { Tally } from '../load/sequence.ts'
import { sleep } from '../load/traffic.ts'
import type { SoakBroker } from './broker.ts'
import { createMix } from './mix.ts'
import type { Pause } from './sample.ts'

/** What a span at full rate took, and the quiet moment after it. Memory in bytes. */
export interface Plateau {
  /** Seconds since the load began. */
  readonly at: number
  /** Deliveries a second, of all flows. */
  readonly rate: number
  /** Resident at the span's end, while the load still runs. */
  readonly busy: number
  /** Resident, once all was delivered and the garbage collected. */
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
  /** Of the span, the garbage collections that we forced left out. */
  readonly pauses: readonly Pause[]
  readonly shares?: Shares
}

export interface SoakResult {
  readonly plateaus: readonly Plateau[]
  readonly flows: readonly { readonly name: string; readonly about: string; readonly tally: Tally }[]
}

export interface SoakPlan {
  /** How many spans there are, and how long each is. */
  readonly spans: number
  readonly seconds: number
}

/** Full rate, a quiet moment, full rate again: memory is compared from one quiet moment to the next. */
export async function soak(
  broker: SoakBroker,
  plan: SoakPlan,
  tell: (plateau: Plateau) => void,
  signal: AbortSignal,
): Promise<SoakResult> {
  const flows = createMix(broker.port)
  const target = { port: broker.port, transport: 'tcp', version: 4 } as const
  const plateaus: Plateau[] = []
  for (const { traffic } of flows) await traffic.connect()
  await broker.sample(true)
  let at = 0
  for (let span = 0; span < plan.spans && !signal.aborted; span++) {
    const bench = new Bench({ target, brokerPid: broker.pid, seconds: plan.seconds, warmup: 0 })
    let delivered = 0
    const seconds = await bench.measure(async () => {
      const counts = await Promise.all(flows.map(({ traffic }) => traffic.run(plan.seconds)))
      delivered = counts.reduce((sum, count) => sum + count, 0)
    })
    at += seconds
    const { pauses, rss: busy } = await broker.sample(false)
    await Promise.all(flows.map(({ traffic }) => traffic.pause()))
    const { rss, heapUsed, external } = await quiet(broker)
    const rate = delivered / seconds
    const plateau = { at, rate, busy, rss, heapUsed, external, pauses, shares: bench.shares }
    plateaus.push(plateau)
    tell(plateau)
  }
  await Promise.all(flows.map(({ traffic }) => traffic.settle()))
  for (const { traffic } of flows) await traffic.close()
  return { plateaus, flows }
}

// Acknowledgements and timers of the last turn are done by then.
const QUIET_MS = 100

async function quiet(broker: SoakBroker): ReturnType<SoakBroker['sample']> {
  await sleep(QUIET_MS)
  return broker.sample(true)
}
