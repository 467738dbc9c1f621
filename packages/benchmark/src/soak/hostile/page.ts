import { formatNumber, formatShare } from '../../report/format.ts'
import { markdownTable } from '../../report/markdown-table.ts'
import type { SoakConditions } from '../page.ts'
import { clock, mebibytes } from '../page.ts'
import type { HostileResult, Moment, Phase } from './course.ts'
import type { HostileJudgement } from './judge.ts'
import { LATENCY_FACTOR, waitingOf } from './judge.ts'
import type { Act } from './stage.ts'
import { COUNTED } from './state.ts'

export const PAIRS = 50
export const RATE = 2000

/** Measured apart from the runs that write the page, in spans of ten seconds, with a trace of each turn of the event loop. */
const ORIGINS = `
## Where the latency comes from

Looked into on 2026-11-26, on the same two cores, turn by turn of the broker's event loop. p99 of the good clients in ms, beside hostile clients:

| what | p99 |
| --- | --- |
| guessers alone, two passwords verified at a time: both cores compute argon2id for 20 ms | 11.9 |
| guessers alone, one at a time, which is the default on two processors since then | 0.6 |
| storm and silent | 1.0 |
| churn, take-overs and wills | 1.5 |
| malformed, oversized, intruders and pages | 1.5 |
| floods, slow readers and absent | 1.9 |
| subscribers and retained | 2.6 |
| all kinds, helper threads in turns of 100 ms with the event loops | 9.7 |
| all kinds, event loops first, as this page is measured | 2.7 to 3.7 |
| the same, young generation of 2 MiB (\`--max-semi-space-size\`), 16 MiB (the default) and 64 MiB | 6.8, 3.2, 6.4 |
| of all kinds, V8 left to collect a heap of 25 MiB as soon as 6 MiB were added, and given 32 MiB (as it is now); three runs each in turn, on a busy machine | 3.3, 2.9 |

The line of guessers is the broker's doing, and so was what it sent of a log to a session that came back: up to a hundred messages at once were a fifth of the time of all turns above
2 ms, and are sent 64 KiB a turn now. The two lines of all kinds differ by the machine alone: two cores for three processes and their helper threads. Of what is left, turns above 3 ms,
collections of garbage are the largest part: 2.7 ms for the young generation, 5 ms for the end of a whole one, which take about one percent of the time together. No work in turns can divide them.

Two things came out of that later, and are mended. A small heap was collected whole every second, and for 25 ms each time the marking took two thirds of the event loop, in steps that no figure of pauses shows: the command gives it room now.
And clients whose handlers had waited went on all in one turn: a wait of 80 ms that was traced was two such turns, of 46 and 36 ms. They share the turns now. Of the messages that still wait for more than 0.8 ms two fifths wait for garbage to be
collected; the rest is spread over what the limits had held back, filters, connections that come and go, and the machine, none of them more than an eighth.

The day after, a third: V8 kept connections that had ended, and all that hung on them, because tables of the Maps and Sets in which they had stood had grown old. Of each connection 4.2 KB stayed until the whole heap was
collected, and 2.5 now, of which Node keeps 1.5 by itself; a session's log kept its messages in the same way. In two short runs, one right after the other, p99 was 3.4 ms before and 2.6 after.

On 2026-11-27, on a machine that had nothing else to do, settings were compared in runs of 90 to 120 s. p99 was 0.3 to 0.4 ms alone, and beside hostile clients, in ms:

| what | p99 |
| --- | --- |
| as it is | 1.4, 1.8, 1.8, 2.4 |
| work in pieces of 1 ms and turns of 3 ms, in place of 3 and 10 | 1.3, 1.9 |
| slowed clients looked at every 5 ms, in place of 25 | 1.8, 2.1 |
| a young generation of 8 MiB, in place of 16 | 1.9, 2.1 |
| the same, 4 MiB | 2.1, 2.3 |
| young garbage collected by one thread, in place of two | 1.7, 2.2 |

None differs from the others by more than its runs do. Traced turn by turn, p99 of 1.3 ms would have been 1.2 if no garbage had been collected at all, and 1.0 if each message had been written at once in
place of at the end of its turn, at the cost of many more writes where many receive. What is left is what the hostile clients ask for: about 160 connections a second, 0.3 ms each with all that they do, often several in a row.
`

export interface HostileConditions extends SoakConditions {
  /** All processes ran at a real-time priority. */
  readonly isRealTime: boolean
}

const INTRODUCTION = `# Reliability

What becomes of good clients while others do what they should not, and what is left of those when they are gone?

\`\`\`sh
pnpm soak               # half an hour, and writes this page
pnpm soak --seconds 60  # a look at the tool itself, only printed
\`\`\`

The broker is the command, with a configuration as for the open internet: passwords, access rules and limits are on. ${PAIRS} pairs of good
clients send ${formatNumber(RATE)} messages a second in all, at QoS 0, 1 and 2, in 3.1.1 and 5.0, over TCP and WebSocket; they send at that rate however long the
broker takes, and every message is followed to its end. Hostile clients come in through a proxy that says that they are from 200 other addresses, all kinds of them at
once. They are another process, which yields to the broker: in the field they would have processors of their own. Except for those who guess,
they have a right password and rights to topics of their own, so that limits and rules are all that stands between them and the broker. The broker's waits (for a CONNECT, the rest of a
packet, a reader that stopped) are shortened to two seconds, so that each is reached often.

After each span of hostile clients all of them go, the good ones pause, and what is open and kept is counted in the broker's process. Handles, file descriptors,
timers, connections, sessions, subscriptions and retained messages must be **exactly** what they were before the first hostile client came, and the bytes that
clients make the broker keep too, but for 4 KiB of the good ones' own tables. Timers are counted with those that do not keep a process alive. The heap, after garbage was
collected by force, may be 5 % or 2 MiB higher in the last third of these moments than in the first, and resident memory 10 % or 16 MiB: collectors and allocators are not exact.
The first span of hostile clients is a rehearsal: what is compiled and cached once is there when the heap is read first.
`

const ORDINARY = 'Other programs of the machine had it then: what is measured here, is measured of them too.'
/** See priorities.ts. */
const REAL_TIME =
  'All processes ran at a real-time priority of Linux, so that other programs of the machine took nothing from them. ' +
  'The event loops of the broker and of the good clients went before all helper threads, and the hostile clients behind them: ' +
  'two cores are all that the three processes have.'

/** The page as it stands in docs/reliability.md. */
export function reliabilityPage(
  result: HostileResult,
  judgement: HostileJudgement,
  acts: readonly Act[],
  about: HostileConditions,
): string {
  const { problems, isJudged, heap, rss } = judgement
  return [
    INTRODUCTION,
    `- mqtt-stack ${about.version}, node ${about.node}, ${about.machine}; ${about.date}.`,
    `- ${clock(result.seconds)} min, with ${result.plan.cycles} spans of hostile clients of ${result.plan.hostile.toFixed(0)} s each.`,
    latencyLine(result, judgement),
    collectingLine(result),
    `- The broker was ready to run and had no core for ${waitingShares(result)}. ${about.isRealTime ? REAL_TIME : ORDINARY}`,
    messageLine(result),
    ...(heap === undefined || rss === undefined
      ? ['- The run was too short to judge memory.']
      : [
          `- Heap: ${mebibytes(heap.first)} MiB in the first third of the moments, ${mebibytes(heap.last)} in the last. Resident memory: ${mebibytes(rss.first)} and ${mebibytes(rss.last)}.`,
        ]),
    ...(isJudged ? [] : ['- The run was too short to judge latency.']),
    `- Verdict: ${problems.length > 0 ? problems.join('; ') : isJudged ? 'as it must be' : 'as it must be, as far as it was judged'}.`,
    '\n## Latency of the good clients\n',
    'In ms, from publisher to subscriber. The last column is the share of the time in which the broker was ready to run and had no core.\n',
    ...markdownTable(
      ['at', 'phase', 'messages', 'p50', 'p99', 'p99.9', 'longest', 'broker', 'without a core'],
      result.phases.map((phase) => phaseCells(phase)),
    ),
    ORIGINS,
    '## What became of the hostile clients\n',
    'Refused: what CONNACK, SUBACK or PUBACK said, by reason code. Closed: by the broker, with the code of its DISCONNECT if there was one.\n',
    ...markdownTable(
      ['kind', 'at a time', 'what they do', 'what became of it'],
      acts.map(({ name, actors, about: what }) => [name, `${actors}`, what, outcomesOf(name, judgement)]),
    ),
    '\n## What is open and kept\n',
    'In the broker’s process: before any hostile client came, and when they were gone. Memory in MiB; `settled` is how many seconds it took until all counts were as before.\n',
    ...markdownTable(
      ['at', 'settled', ...COUNTED, 'handles', 'heap', 'outside it', 'resident', 'resident, busy'],
      [beforeCells(result), ...result.moments.map((moment) => momentCells(moment, result.phases))],
    ),
    ...result.moments.filter(({ differences }) => differences.length > 0).map(lateMoment),
    '',
  ].join('\n')
}

function lateMoment({ at, differences }: Moment): string {
  return `\nNot as before at ${clock(at)}: ${differences.join('; ')}.`
}

function latencyLine({ latencies }: HostileResult, { allowed }: HostileJudgement): string {
  const { opening, hostile, quiet } = latencies
  const literal = LATENCY_FACTOR * opening.p99
  const isMet = Math.max(hostile.p99, quiet.p99) <= literal
  return (
    `- p99 of the good clients: ${ms(opening.p99)} ms alone, ${ms(hostile.p99)} ms beside hostile clients, ${ms(quiet.p99)} ms alone again. ` +
    `${LATENCY_FACTOR} times what it was is ${ms(literal)} ms: that is ${isMet ? 'kept' : '**not kept**'}. ` +
    `Up to ${ms(allowed)} ms are judged as well, because no message can pass while garbage is collected.`
  )
}

/** Of the broker's process, beside hostile clients and without them. */
function collectingLine({ phases, plan }: HostileResult): string {
  const [alone, beside] = (['opening', 'hostile'] as const).map((name) => {
    const all = phases.filter((phase) => phase.name === name).map(({ busy }) => busy.stops)
    const [count, total] = [sum(all.map((one) => one.count)), sum(all.map(({ total: time }) => time))]
    const share = (total / (all.length * plan[name] * 1000)) * 100
    const longest = Math.max(0, ...all.map((one) => one.longest))
    return `${share.toFixed(2)} % of the time${count > 0 ? ` (${ms(total / count)} ms each, ${ms(longest)} ms at most)` : ''}`
  })
  return `- Collecting garbage stopped the broker for ${alone} alone, and for ${beside} beside hostile clients.`
}

function waitingShares(result: HostileResult): string {
  const [opening, hostile] = (['opening', 'hostile'] as const).map((name) =>
    formatShare(waitingOf(result, name)),
  )
  return `${opening} of the time alone, ${hostile} beside hostile clients`
}

function messageLine({ tally, lost }: HostileResult): string {
  const { delivered, lost: missing, doubled, reordered, wrong } = tally
  const faulty = `${missing} lost, ${doubled} doubled, ${reordered} reordered, ${wrong} wrong`
  return `- ${delivered.toLocaleString('en')} messages of the good clients: ${faulty}; ${lost} of their connections were ended.`
}

export function phaseCells({ at, name, latency, shares }: Phase): string[] {
  const { count, p50, p99, p999, max } = latency
  const figures = [p50, p99, p999, max].map(ms)
  return [
    clock(at),
    name,
    count.toLocaleString('en'),
    ...figures,
    formatShare(shares?.broker),
    formatShare(shares?.waiting),
  ]
}

function outcomesOf(name: string, { outcomes }: HostileJudgement): string {
  const sorted = Object.entries(outcomes[name] ?? {}).toSorted(([, one], [, other]) => other - one)
  return sorted.map(([outcome, count]) => `${outcome}: ${count.toLocaleString('en')}`).join(', ') || '-'
}

function beforeCells({ before }: HostileResult): string[] {
  const counts = COUNTED.map((name) => before[name].toLocaleString('en'))
  return ['before', '-', ...counts, `${sum(Object.values(before.handles))}`, '-', '-', '-', '-']
}

export function momentCells({ at, settled, state }: Moment, phases: readonly Phase[]): string[] {
  const counts = COUNTED.map((name) => state[name].toLocaleString('en'))
  const busy = phases.findLast((phase) => phase.name === 'hostile' && phase.at <= at)?.busy
  const memory = [state.heapUsed, state.external, state.rss].map(mebibytes)
  return [
    clock(at),
    settled.toFixed(1),
    ...counts,
    `${sum(Object.values(state.handles))}`,
    ...memory,
    busy === undefined ? '-' : mebibytes(busy.rss),
  ]
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}

function ms(value: number): string {
  return value.toFixed(2)
}
