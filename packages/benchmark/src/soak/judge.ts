import { faults } from '../load/sequence.ts'
import { median, percentile } from '../report/statistics.ts'
import type { SoakResult } from './run.ts'
import type { Pause } from './sample.ts'

export const PAUSE_LIMIT_MS = 20
/** Shorter runs are still filling their caches: what they say about memory is not judged. */
export const JUDGED_SECONDS = 300

const MIB = 2 ** 20
// How much higher the last third of the quiet moments may lie than the first: what a collector leaves is not exact.
const HEAP_SLACK = { share: 0.05, bytes: 2 * MIB }
const RSS_SLACK = { share: 0.1, bytes: 16 * MIB }

export interface PauseFigures {
  readonly kind: Pause['kind'] | 'all'
  readonly count: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly total: number
}

/** Bytes: medians of the first third and of the last third of the quiet moments. */
export interface Growth {
  readonly first: number
  readonly last: number
  readonly flat: boolean
}

export interface Judgement {
  readonly pauses: readonly PauseFigures[]
  readonly heap: Growth
  readonly rss: Growth
  readonly seconds: number
  /** One line each: what is not as it must be. */
  readonly problems: readonly string[]
}

export function judge({ plateaus, flows }: SoakResult): Judgement {
  const seconds = plateaus.at(-1)?.at ?? 0
  const pauses = pauseFigures(plateaus.flatMap((plateau) => plateau.pauses))
  const heapUsed = plateaus.map((plateau) => plateau.heapUsed)
  const resident = plateaus.map((plateau) => plateau.rss)
  const heap = growth(heapUsed, HEAP_SLACK)
  const rss = growth(resident, RSS_SLACK)
  const p99 = pauses[0].p99
  const faulty = flows.filter(({ tally }) => faults(tally) > 0).map(({ name }) => name)
  const judged = seconds >= JUDGED_SECONDS
  const problems = [
    ...(faulty.length > 0 ? [`not delivered as it was sent: ${faulty.join(', ')}`] : []),
    ...(p99 >= PAUSE_LIMIT_MS ? [`garbage collection pauses at p99: ${p99.toFixed(1)} ms`] : []),
    ...(judged && !heap.flat ? ['the heap grows'] : []),
    ...(judged && !rss.flat ? ['resident memory grows'] : []),
  ]
  return { pauses, heap, rss, seconds, problems }
}

/** All of them first, then kind by kind. */
export function pauseFigures(pauses: readonly Pause[]): PauseFigures[] {
  const kinds = [...new Set(pauses.map(({ kind }) => kind))].sort()
  return [
    figures('all', pauses),
    ...kinds.map((each) =>
      figures(
        each,
        pauses.filter(({ kind }) => kind === each),
      ),
    ),
  ]
}

function figures(kind: PauseFigures['kind'], pauses: readonly Pause[]): PauseFigures {
  const sorted = Float64Array.from(pauses, ({ ms }) => ms).sort()
  const total = sorted.reduce((sum, ms) => sum + ms, 0)
  const at = (share: number): number => percentile(sorted, share)
  return { kind, count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1), total }
}

export function growth(values: readonly number[], slack: { share: number; bytes: number }): Growth {
  const third = Math.max(1, Math.floor(values.length / 3))
  const first = median(values.slice(0, third))
  const last = median(values.slice(-third))
  return { first, last, flat: last <= first + Math.max(slack.bytes, slack.share * first) }
}
