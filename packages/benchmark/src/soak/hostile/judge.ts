import { faults } from '../../load/sequence.ts'
import { formatShare } from '../../report/format.ts'
import { median } from '../../report/statistics.ts'
import type { Growth } from '../judge.ts'
import { growth } from '../judge.ts'
import type { HostileResult, Phase } from './course.ts'
import type { CrowdOutcomes } from './crowd.ts'
import type { Act, Outcomes } from './stage.ts'

/** How many times as long the good clients' messages may take as before. */
export const LATENCY_FACTOR = 2
/**
 * Below twice so many ms nobody is late. Alone a message takes a fraction of a millisecond, and twice of that is less than a single
 * collection of garbage, which nobody can divide: beside clients that come and go these are about one percent of the time,
 * and so p99 is how long they take. The page has both figures.
 */
export const LATENCY_FLOOR_MS = 2
/** Shorter courses have too few messages beyond p99, and say as much about the machine as about the broker. */
export const JUDGED_SECONDS = 120
/** Moments that memory is judged from. */
const JUDGED_MOMENTS = 6

const MIB = 2 ** 20
/** From the first third of the moments to the last: what a collector leaves is not exact. */
const HEAP_SLACK = { share: 0.05, bytes: 2 * MIB }
const RSS_SLACK = { share: 0.1, bytes: 16 * MIB }

export interface HostileJudgement {
  /** In ms: the most that p99 may be. */
  readonly allowed: number
  /** Whether the course was long enough to judge latency and what became of the hostile ones. */
  readonly isJudged: boolean
  /** Undefined where there are too few moments. */
  readonly heap: Growth | undefined
  readonly rss: Growth | undefined
  readonly outcomes: CrowdOutcomes
  /** One line each: what is not as it must be. */
  readonly problems: readonly string[]
}

export function judgeHostile(result: HostileResult, acts: readonly Act[]): HostileJudgement {
  const { latencies, moments, seconds } = result
  const isJudged = seconds >= JUDGED_SECONDS
  const allowed = LATENCY_FACTOR * Math.max(latencies.opening.p99, LATENCY_FLOOR_MS)
  const states = moments.length >= JUDGED_MOMENTS ? moments.map(({ state }) => state) : undefined
  const heap =
    states &&
    growth(
      states.map(({ heapUsed }) => heapUsed),
      HEAP_SLACK,
    )
  const rss =
    states &&
    growth(
      states.map((state) => state.rss),
      RSS_SLACK,
    )
  const outcomes = sumOutcomes(result.phases.map((phase) => phase.outcomes))
  const late = (['hostile', 'quiet'] as const).filter((name) => latencies[name].p99 > allowed)
  const problems = [
    ...accounting(result),
    ...fallingBehind(result),
    ...(isJudged ? late.map((name) => lateness(result, name, allowed)) : []),
    ...remains(result),
    ...growing('the heap', heap),
    ...growing('resident memory', rss),
    ...acts.flatMap((act) => outcomeProblems(act, outcomes[act.name] ?? {}, isJudged)),
    ...(result.errors.length > 0 ? [`the broker logged an error: ${result.errors[0]}`] : []),
  ]
  return { allowed, isJudged, heap, rss, outcomes, problems }
}

function accounting({ tally, lost }: HostileResult): string[] {
  const { lost: missing, doubled, reordered, wrong } = tally
  const said = `${missing} lost, ${doubled} doubled, ${reordered} reordered, ${wrong} wrong`
  return [
    ...(faults(tally) > 0 ? [`messages of the good clients: ${said}`] : []),
    ...(lost > 0 ? [`connections of the good clients that were ended: ${lost}`] : []),
  ]
}

/** Latency says little then: it is that of the machine. */
function fallingBehind({ skipped, tally }: HostileResult): string[] {
  if (skipped === 0) return []
  const sent = tally.delivered + tally.lost
  return [
    `the load fell behind: ${skipped} messages beside the ${sent} that were sent were due and had to be left out: give it a machine that has less to do`,
  ]
}

/** Told with how long the broker had no core: where that is much, the machine is what is measured. */
function lateness(result: HostileResult, name: 'hostile' | 'quiet', allowed: number): string {
  const when = name === 'hostile' ? 'beside hostile clients' : 'after hostile clients'
  const { p99 } = result.latencies[name]
  const waiting = `the broker had no core for ${formatShare(waitingOf(result, name))} of the time`
  return `the good clients' p99 ${when}: ${p99.toFixed(2)} ms, above ${allowed.toFixed(2)} ms, while ${waiting}`
}

/** The share of the time in which the broker was ready to run and had no core, median of the phases of a name. */
export function waitingOf({ phases }: HostileResult, name: Phase['name']): number | undefined {
  const shares = phases.flatMap((phase) => (phase.name === name ? (phase.shares?.waiting ?? []) : []))
  return shares.length > 0 ? median(shares) : undefined
}

/** Of the last moment alone: what stays is there to the end, and what was late once is in the table. */
function remains({ moments }: HostileResult): string[] {
  return (moments.at(-1)?.differences ?? []).map((difference) => `not as before: ${difference}`)
}

function growing(what: string, of: Growth | undefined): string[] {
  return of?.flat === false ? [`${what} grows: ${inMib(of.first)}, then ${inMib(of.last)} MiB`] : []
}

function outcomeProblems(act: Act, outcomes: Outcomes, isJudged: boolean): string[] {
  const seen = Object.keys(outcomes)
  const bad = seen.filter((outcome) => [...(act.never ?? []), /^failed/].some((one) => one.test(outcome)))
  const absent = act.must.filter((wanted) => !seen.some((outcome) => wanted.test(outcome)))
  return [
    ...bad.map((outcome) => `${act.name}: ${outcome}, ${outcomes[outcome]} times`),
    ...(isJudged ? absent.map((wanted) => `${act.name}: nothing was ${wanted.source}`) : []),
  ]
}

function sumOutcomes(all: readonly CrowdOutcomes[]): CrowdOutcomes {
  const sums: Record<string, Outcomes> = {}
  for (const outcomes of all)
    for (const [name, counts] of Object.entries(outcomes)) {
      const sum = sums[name] ?? {}
      sums[name] = sum
      for (const [outcome, count] of Object.entries(counts)) sum[outcome] = (sum[outcome] ?? 0) + count
    }
  return sums
}

function inMib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
