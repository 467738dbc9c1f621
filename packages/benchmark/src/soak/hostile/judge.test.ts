import { describe, expect, it } from 'vitest'
import { createTally } from '../../load/sequence.ts'
import type { HostileResult } from './course.ts'
import type { Latency } from './good-clients.ts'
import { judgeHostile } from './judge.ts'
import { reliabilityPage } from './page.ts'
import type { Act } from './stage.ts'
import type { State } from './state.ts'

const MIB = 2 ** 20
const handles = { TCPSocketWrap: 100 }
const state: State = {
  clients: 100,
  sessions: 0,
  subscriptions: 50,
  retained: 0,
  held: 1000,
  timers: 9,
  descriptors: 123,
  handles,
  heapUsed: 20 * MIB,
  external: MIB,
  rss: 100 * MIB,
  stops: { count: 120, total: 300, longest: 5 },
}
const guessers: Act = {
  name: 'guessers',
  about: 'wrong passwords',
  actors: 8,
  must: [/^refused 0x86$/],
  never: [/^accepted$/],
  async play() {},
}

function latency(p99: number): Latency {
  return { count: 1000, p50: 0.2, p99, p999: p99 * 2, max: p99 * 3 }
}

/** A course in which everything is as it must be, but for what is changed. */
function result(change: Partial<HostileResult> = {}, outcomes = { 'refused 0x86': 12 }): HostileResult {
  const moment = { at: 100, settled: 2.5, state, differences: [] }
  const phase = { latency: latency(1.5), shares: { load: 0.1, broker: 0.3, waiting: 0.02 }, busy: state }
  return {
    plan: { rehearsal: 60, opening: 60, cycles: 1, hostile: 60, quiet: 30 },
    seconds: 1800,
    before: state,
    phases: [
      { ...phase, name: 'opening', at: 60, outcomes: {} },
      { ...phase, name: 'hostile', at: 90, outcomes: { guessers: outcomes } },
      { ...phase, name: 'hostile', at: 190, outcomes: { guessers: outcomes } },
      { ...phase, name: 'quiet', at: 220, outcomes: {} },
    ],
    moments: Array.from({ length: 6 }, () => moment),
    latencies: { opening: latency(1.5), hostile: latency(2.5), quiet: latency(1.5) },
    tally: { ...createTally(), delivered: 3_600_000 },
    lost: 0,
    skipped: 0,
    errors: [],
    ...change,
  }
}

const problems = (measured: HostileResult): readonly string[] => judgeHostile(measured, [guessers]).problems

describe('the verdict on good clients beside hostile ones', () => {
  it('is good where nobody is late, nothing is lost and nothing stays', () => {
    expect(problems(result())).toEqual([])
  })

  it('allows twice the latency of before, and no more', () => {
    const opening = latency(3)
    const at = (p99: number) =>
      problems(result({ latencies: { opening, hostile: latency(p99), quiet: opening } }))
    expect(at(6)).toEqual([])
    expect(at(6.1)).toEqual([
      "the good clients' p99 beside hostile clients: 6.10 ms, above 6.00 ms, while the broker had no core for 2 % of the time",
    ])
  })

  it('calls nobody late below 4 ms, however quick they were', () => {
    const opening = latency(0.2)
    const at = (p99: number) =>
      problems(result({ latencies: { opening, hostile: opening, quiet: latency(p99) } }))
    expect(at(4)).toEqual([])
    expect(at(4.1)).toEqual([
      "the good clients' p99 after hostile clients: 4.10 ms, above 4.00 ms, while the broker had no core for 2 % of the time",
    ])
  })

  it('does not judge the latency of a short run, nor what was to be reached in it', () => {
    const short = result({
      seconds: 20,
      latencies: { opening: latency(1), hostile: latency(99), quiet: latency(1) },
    })
    expect(judgeHostile({ ...short, phases: [] }, [guessers])).toMatchObject({
      isJudged: false,
      problems: [],
    })
  })

  it('tells messages that were left out because the machine could not keep up, however short the run', () => {
    const slow = { skipped: 700, tally: { ...createTally(), delivered: 299, lost: 1 } }
    expect(problems(result({ ...slow, seconds: 20 }))).toContain(
      'the load fell behind: 700 messages beside the 300 that were sent were due and had to be left out: give it a machine that has less to do',
    )
  })

  it('tells messages that were not delivered as they were sent, and connections that were ended', () => {
    expect(problems(result({ tally: { ...createTally(), lost: 1, doubled: 2 }, lost: 3 }))).toEqual([
      'messages of the good clients: 1 lost, 2 doubled, 0 reordered, 0 wrong',
      'connections of the good clients that were ended: 3',
    ])
  })

  it('tells what stays to the end, and not what was late once', () => {
    const [moment] = result().moments
    const open = { ...moment, differences: ['timers: 10, and 9 before'] }
    expect(problems(result({ moments: [open, moment] }))).toEqual([])
    expect(problems(result({ moments: [moment, open] }))).toEqual(['not as before: timers: 10, and 9 before'])
  })

  it('tells memory that grows, from six moments on', () => {
    const [moment] = result().moments
    const moments = [20, 21, 22, 23, 24, 25].map((heap) => ({
      ...moment,
      state: { ...state, heapUsed: heap * MIB, rss: 5 * heap * MIB },
    }))
    expect(problems(result({ moments }))).toEqual([
      'the heap grows: 20.5, then 24.5 MiB',
      'resident memory grows: 102.5, then 122.5 MiB',
    ])
    expect(problems(result({ moments: moments.slice(0, 5) }))).toEqual([])
  })

  it('tells what should never become of hostile clients, what had to, and what failed', () => {
    const outcomes = { accepted: 1, 'failed: no such file': 2 } as unknown as { 'refused 0x86': number }
    expect(problems(result({}, outcomes))).toEqual([
      'guessers: accepted, 2 times',
      'guessers: failed: no such file, 4 times',
      'guessers: nothing was ^refused 0x86$',
    ])
  })

  it('tells an error that the broker logged', () => {
    expect(problems(result({ errors: ['{"level":50}'] }))).toEqual([
      'the broker logged an error: {"level":50}',
    ])
  })
})

describe('the page of a hostile soak', () => {
  const about = { date: '2026-01-02', node: '20.1.2', version: '1.0.0', machine: 'linux x64' }
  const pageOf = (measured: HostileResult, isRealTime = false): string =>
    reliabilityPage(measured, judgeHostile(measured, [guessers]), [guessers], { ...about, isRealTime })

  it('has conditions, a verdict, phases, outcomes and moments', () => {
    const page = pageOf(result())
    expect(page).toContain('- mqtt-stack 1.0.0, node 20.1.2, linux x64; 2026-01-02.')
    expect(page).toContain('- 30:00 min, with 1 spans of hostile clients of 60 s each.')
    expect(page).toContain(
      '1.50 ms alone, 2.50 ms beside hostile clients, 1.50 ms alone again. 2 times what it was is 3.00 ms: that is kept. Up to 4.00 ms',
    )
    expect(page).toContain(
      'stopped the broker for 0.50 % of the time (2.50 ms each, 5.00 ms at most) alone, and for 0.50 % of the time',
    )
    expect(page).toContain('- Verdict: as it must be.')
    expect(page).toContain('had no core for 2 % of the time alone, 2 % beside hostile clients')
    expect(page).toContain('| 1:30 | hostile | 1,000 | 0.20 | 1.50 | 3.00 | 4.50 | 30 % | 2 % |')
    expect(page).toContain('| guessers | 8 | wrong passwords | refused 0x86: 24 |')
    expect(page).toContain(
      '| 1:40 | 2.5 | 100 | 0 | 50 | 0 | 1,000 | 9 | 123 | 100 | 20.0 | 1.0 | 100.0 | 100.0 |',
    )
    expect(page).not.toContain('too short')
  })

  it('says plainly where twice the latency of before was not kept', () => {
    const latencies = { opening: latency(0.4), hostile: latency(2.5), quiet: latency(0.4) }
    expect(pageOf(result({ latencies }))).toContain('2 times what it was is 0.80 ms: that is **not kept**.')
  })

  it('says which moment was not as before', () => {
    const [first, ...others] = result().moments
    const moments = [{ ...first, differences: ['retained: 2, and 0 before'] }, ...others]
    expect(pageOf(result({ moments }))).toContain('\nNot as before at 1:40: retained: 2, and 0 before.')
  })

  it('says whether other programs had a part in it', () => {
    expect(pageOf(result())).toContain('Other programs of the machine had it then')
    expect(pageOf(result(), true)).toContain('All processes ran at a real-time priority of Linux')
  })

  it('says what was too short to judge', () => {
    const page = pageOf(result({ seconds: 20, moments: result().moments.slice(0, 2) }))
    expect(page).toContain('- The run was too short to judge memory.')
    expect(page).toContain('- The run was too short to judge latency.')
    expect(page).toContain('- Verdict: as it must be, as far as it was judged.')
  })
})
