import type { Shares } from '../../load/bench.ts'
import { Bench } from '../../load/bench.ts'
import type { Tally } from '../../load/sequence.ts'
import { sleep } from '../../load/traffic.ts'
import type { HostileBroker } from './broker.ts'
import type { Crowd, CrowdOutcomes } from './crowd.ts'
import type { GoodClients, Latency } from './good-clients.ts'
import type { HostilePlan } from './plan.ts'
import type { Counts, State } from './state.ts'
import { differences } from './state.ts'

/** A span in which latency was measured. */
export interface Phase {
  readonly name: 'opening' | 'hostile' | 'quiet'
  /** Seconds since the course began, at its end. */
  readonly at: number
  readonly latency: Latency
  readonly shares: Shares | undefined
  readonly outcomes: CrowdOutcomes
  /** While it was at its height. */
  readonly busy: State
}

/** All hostile clients are gone, and the good ones pause. */
export interface Moment {
  readonly at: number
  /** Seconds until everything was as before any hostile client came, or until nobody waited any longer. */
  readonly settled: number
  readonly state: State
  /** What was not as before. */
  readonly differences: readonly string[]
}

export interface HostileResult {
  readonly plan: HostilePlan
  /** Seconds that it took in all. */
  readonly seconds: number
  /** Before any hostile client came. */
  readonly before: Counts
  readonly phases: readonly Phase[]
  /** After the rehearsal, and after each hostile phase. */
  readonly moments: readonly Moment[]
  /** Of all phases of a kind together: the opening, hostile ones, and quiet ones behind those. */
  readonly latencies: Readonly<Record<Phase['name'], Latency>>
  /** Of the good clients: messages, and how often a connection was lost. */
  readonly tally: Tally
  readonly lost: number
  /** Messages that were due and not sent, because the machine could not keep up. */
  readonly skipped: number
  /** What the broker logged as an error. */
  readonly errors: readonly string[]
}

export interface CourseOptions {
  readonly broker: HostileBroker
  readonly good: GoodClients
  readonly crowd: Crowd
  readonly plan: HostilePlan
  readonly tell: (what: Phase | Moment) => void
  readonly signal: AbortSignal
  /** Longest wait for everything to be as it was, in ms. */
  readonly patience?: number
}

/** What a slowed client had sent is still read at its rate, and then sessions end that outlive their connection. */
const PATIENCE_MS = 45_000
const POLL_MS = 200
/** Before the first count, so that every timer that stays is there. */
const WARM_UP_S = 1

/**
 * The good clients alone, then again and again hostile ones beside them, and quiet.
 * @throws The signal's reason, once it is aborted.
 */
export async function runCourse(options: CourseOptions): Promise<HostileResult> {
  const course = new Course(options)
  const { good, plan, signal } = options
  await good.connect()
  await course.goodAlone(WARM_UP_S)
  await course.count()
  await course.hostile(undefined, plan.rehearsal)
  await course.quiet('opening', plan.opening)
  for (let cycle = 0; cycle < plan.cycles; cycle++) {
    signal.throwIfAborted()
    await course.hostile('hostile', plan.hostile)
    await course.quiet('quiet', plan.quiet)
  }
  await good.leave()
  return course.result()
}

class Course {
  readonly #options: CourseOptions
  readonly #begun = performance.now()
  readonly #phases: Phase[] = []
  readonly #moments: Moment[] = []
  readonly #aborted: Promise<never>
  #before: Counts | undefined

  constructor(options: CourseOptions) {
    this.#options = options
    const { signal } = options
    this.#aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    this.#aborted.catch(() => {})
  }

  /** Notes what is open and kept before any hostile client comes. */
  async count(): Promise<void> {
    this.#before = await this.#options.broker.state(true)
  }

  async goodAlone(seconds: number): Promise<void> {
    const { good } = this.#options
    good.begin()
    await this.#sleep(seconds)
    await good.pause()
  }

  /** @param name Undefined: nothing is measured. */
  async hostile(name: 'hostile' | undefined, seconds: number): Promise<void> {
    const { crowd, good } = this.#options
    await crowd.begin()
    const measured = await this.#measure(name, seconds)
    const outcomes = await crowd.end()
    await good.pause()
    if (name !== undefined) this.#add({ ...measured, name, outcomes })
    await this.#settle()
  }

  async quiet(name: 'opening' | 'quiet', seconds: number): Promise<void> {
    const measured = await this.#measure(name, seconds)
    await this.#options.good.pause()
    this.#add({ ...measured, name, outcomes: {} })
  }

  result(): HostileResult {
    const { plan, good, broker } = this.#options
    return {
      plan,
      seconds: this.#now(),
      before: this.#counted,
      phases: this.#phases,
      moments: this.#moments,
      latencies: {
        opening: good.latencyOf('opening'),
        hostile: good.latencyOf('hostile'),
        quiet: good.latencyOf('quiet'),
      },
      tally: good.tally,
      lost: good.lost,
      skipped: good.skipped,
      errors: broker.errors,
    }
  }

  get #counted(): Counts {
    if (this.#before === undefined) throw new Error('nothing was counted yet')
    return this.#before
  }

  /** Messages that are under way at a phase's end count for nothing: what ends it may hold them up. */
  async #measure(
    name: Phase['name'] | undefined,
    seconds: number,
  ): Promise<Omit<Phase, 'name' | 'outcomes'>> {
    const { good, broker } = this.#options
    const target = { port: broker.ports.house, transport: 'tcp', version: 4 } as const
    const bench = new Bench({ target, brokerPid: broker.pid, seconds, warmup: 0 })
    // What came in a pause is no part of it.
    good.latency()
    good.begin()
    await bench.measure(() => this.#sleep(seconds))
    const latency = good.latency(name)
    return { at: this.#now(), latency, shares: bench.shares, busy: await broker.state(false) }
  }

  async #settle(): Promise<void> {
    const { broker, patience = PATIENCE_MS, tell } = this.#options
    const since = performance.now()
    let open = differences(this.#counted, await broker.state(false))
    while (open.length > 0 && performance.now() - since < patience) {
      await this.#sleep(POLL_MS / 1000)
      open = differences(this.#counted, await broker.state(false))
    }
    const settled = (performance.now() - since) / 1000
    const state = await broker.state(true)
    const moment = { at: this.#now(), settled, state, differences: differences(this.#counted, state) }
    this.#moments.push(moment)
    tell(moment)
  }

  #add(phase: Phase): void {
    this.#phases.push(phase)
    this.#options.tell(phase)
  }

  /** Seconds since the course began. */
  #now(): number {
    return (performance.now() - this.#begun) / 1000
  }

  async #sleep(seconds: number): Promise<void> {
    await Promise.race([sleep(seconds * 1000), this.#aborted])
  }
}
