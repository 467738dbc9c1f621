import type { Shares } from '../load/bench.ts'
import type { Tally } from '../load/sequence.ts'
import { formatNumber, formatShare } from '../report/format.ts'
import { markdownTable } from '../report/markdown-table.ts'
import { median } from '../report/statistics.ts'
import type { Growth, Judgement } from './judge.ts'
import { JUDGED_SECONDS, PAUSE_LIMIT_MS } from './judge.ts'
import type { Plateau, SoakResult } from './run.ts'

export interface SoakConditions {
  /** YYYY-MM-DD. */
  readonly date: string
  readonly node: string
  readonly version: string
  readonly machine: string
}

const INTRODUCTION = `# Soak

The default stack at full rate for minutes: does memory stay flat, how long does garbage collection stop the broker,
is every message delivered once and in order? What hostile clients do to it is another page: [reliability](reliability.md).

\`\`\`sh
pnpm soak --flat               # 10 minutes, and writes this page
pnpm soak --flat --seconds 20  # a look at the tool itself, only printed
\`\`\`

Broker and load are a process each, over loopback; three closed loops run beside each other. After each span at full rate
the load stops, everything is delivered, garbage is collected by force, and memory is read: these quiet moments can be
compared. Pauses are those that the broker's own process observed at full rate; the forced collections are left out.
`

export function soakPage(result: SoakResult, judgement: Judgement, about: SoakConditions): string {
  const { plateaus, flows } = result
  const { pauses, heap, rss, seconds, problems } = judgement
  const judged = seconds >= JUDGED_SECONDS ? [] : ['- The run was too short to judge memory.']
  return [
    INTRODUCTION,
    `- mqtt-stack ${about.version}, node ${about.node}, ${about.machine}; ${about.date}.`,
    `- ${clock(seconds)} min at full rate, ${formatNumber(median(plateaus.map(({ rate }) => rate)))} deliveries/s ` +
      `(median of ${plateaus.length} spans); cores taken: ${shares(plateaus)}.${waited(plateaus)}`,
    `- Heap in the quiet moments: ${change(heap)}. Resident memory: ${change(rss)}.`,
    ...judged,
    `- Verdict: ${problems.length === 0 ? 'as it must be' : problems.join('; ')}.`,
    '\n## Garbage collection pauses\n',
    `In milliseconds; at p99 of all they must be under ${PAUSE_LIMIT_MS}.\n`,
    ...markdownTable(
      ['kind', 'count', 'p50', 'p99', 'max', 'share of the time'],
      pauses.map(({ kind, count, p50, p99, max, total }) => [
        kind,
        String(count),
        ...[p50, p99, max].map((ms) => (Number.isNaN(ms) ? '-' : ms.toFixed(2))),
        `${(total / 10 / seconds).toFixed(2)} %`,
      ]),
    ),
    '\n## Deliveries\n',
    ...markdownTable(
      ['flow', 'delivered', ...FAULTS, ''],
      flows.map(({ name, about, tally }) => [
        name,
        tally.delivered.toLocaleString('en'),
        ...FAULTS.map((kind) => String(tally[kind])),
        about,
      ]),
    ),
    '\n## Memory\n',
    'In MiB: at the end of a span, and in the quiet moment after it.\n',
    ...markdownTable(
      [
        'at',
        'deliveries/s',
        'resident, busy',
        'resident, quiet',
        'heap',
        'outside it',
        'collections',
        'longest, ms',
      ],
      plateaus.map((plateau) => plateauCells(plateau)),
    ),
    '',
  ].join('\n')
}

const FAULTS: readonly Exclude<keyof Tally, 'delivered'>[] = ['lost', 'doubled', 'reordered', 'wrong']

export function plateauCells({ at, rate, busy, rss, heapUsed, external, pauses }: Plateau): string[] {
  const longest = pauses.reduce((most, { ms }) => Math.max(most, ms), 0)
  const memory = [busy, rss, heapUsed, external].map(mebibytes)
  return [clock(at), formatNumber(rate), ...memory, String(pauses.length), longest.toFixed(1)]
}

function change({ first, last, flat }: Growth): string {
  const said = flat ? 'flat' : 'growing'
  return `${said}, ${mebibytes(first)} MiB in the first third and ${mebibytes(last)} in the last`
}

function shares(plateaus: readonly Plateau[]): string {
  const [broker, load] = (['broker', 'load'] as const).map((who) => formatShare(medianShare(plateaus, who)))
  return `broker ${broker}, load ${load}`
}

function medianShare(plateaus: readonly Plateau[], of: keyof Shares): number | undefined {
  const all = plateaus.flatMap(({ shares }) => shares?.[of] ?? [])
  return all.length > 0 ? median(all) : undefined
}

/** Told because pauses are only as short as the machine lets them be. */
function waited(plateaus: readonly Plateau[]): string {
  const share = medianShare(plateaus, 'waiting')
  return share === undefined
    ? ''
    : ` The broker was ready to run and had no core for ${formatShare(share)} of the time.`
}

export function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}

/** m:ss */
export function clock(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
