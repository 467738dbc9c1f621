import type { Shares } from '../load/bench.ts'
import { Bench } from '../load/bench.ts'
import type { Tally } from '../load/sequence.ts'
import { sleep } from '../load/traffic.ts'
import type { SoakBroker } from './broker.ts'
import type { Flow } from './mix.ts'
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
  /** Subscribers of the fan-out; 500 by default. */
  readonly receivers?: number
}

/**
 * Full rate, a quiet moment, full rate again: memory is compared from one quiet moment to the next.
 * @throws The signal's reason, once it is aborted.
 */
export async function soak(
  broker: SoakBroker,
  plan: SoakPlan,
  tell: (plateau: Plateau) => void,
  signal: AbortSignal,
): Promise<SoakResult> {
  const flows = createMix(broker.port, plan.receivers)
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => {})
  const plateaus: Plateau[] = []
  try {
    for (const { traffic } of flows) await traffic.connect()
    await broker.sample(true)
    for (let span = 0; span < plan.spans; span++) {
      const plateau = await climb(broker, flows, plan.seconds, aborted)
      plateaus.push({ ...plateau, at: plateau.at + (plateaus.at(-1)?.at ?? 0) })
      tell(plateaus[span])
      signal.throwIfAborted()
    }
    await Promise.all(flows.map(({ traffic }) => traffic.settle()))
    for (const { traffic } of flows) await traffic.close()
  } finally {
    for (const { traffic } of flows) traffic.break()
  }
  return { plateaus, flows }
}

/** One span and the quiet moment after it; its `at` counts from the span's begin. */
async function climb(
  broker: SoakBroker,
  flows: readonly Flow[],
  span: number,
  aborted: Promise<never>,
): Promise<Plateau> {
  const target = { port: broker.port, transport: 'tcp', version: 4 } as const
  const bench = new Bench({ target, brokerPid: broker.pid, seconds: span, warmup: 0 })
  let delivered = 0
  const at = await bench.measure(async () => {
    const runs = Promise.all(flows.map(({ traffic }) => traffic.run(span)))
    const counts = await Promise.race([runs, aborted])
    delivered = counts.reduce((sum, count) => sum + count, 0)
  })
  const { pauses, rss: busy } = await broker.sample(false)
  await Promise.all(flows.map(({ traffic }) => traffic.pause()))
  await sleep(QUIET_MS)
  const { rss, heapUsed, external } = await broker.sample(true)
  return { at, rate: delivered / at, busy, rss, heapUsed, external, pauses, shares: bench.shares }
}

// Acknowledgements and timers of the last turn are done by then.
const QUIET_MS = 100
