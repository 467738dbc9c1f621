import type { RecordableHistogram } from 'node:perf_hooks'
import { createHistogram } from 'node:perf_hooks'
import { CONNECTING, inParallel } from '../../load/parallel.ts'
import type { Tally } from '../../load/sequence.ts'
import { createTally } from '../../load/sequence.ts'
import { sleep } from '../../load/traffic.ts'
import type { Ports } from './broker.ts'
import { GOOD } from './configuration.ts'
import { placeOf, Receiver, Sender } from './good-pair.ts'
import { Pacer } from './pacer.ts'

export interface GoodOptions {
  readonly ports: Ports
  readonly pairs: number
  /** Messages a second, of all pairs together. */
  readonly rate: number
}

/** Milliseconds from a message's way out to its way in. */
export interface Latency {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

const TICK_MS = 1
/** Messages that may be under way are those of so many seconds: a broker that stops for less is measured, and one that does not come back is not waited for. */
const BEHIND_S = 2
/** So long nothing may come until what is missing is lost. */
const PATIENCE_MS = 10_000
/** A pause waits for no more: what has not come goes on coming behind it. */
const LONGEST_PAUSE_MS = 60_000
/** A doubled message comes after the one that settled the count. */
const LATE_MS = 100

/**
 * Pairs of a publisher and a subscriber of all qualities of service and both versions, over TCP and WebSocket. They send
 * at a rate of their own, however long the broker takes (see {@link Pacer}), and each message is followed to its end.
 */
export class GoodClients {
  readonly tally: Tally = createTally()
  /** How often a connection was lost. */
  lost = 0
  readonly #pacer: Pacer
  readonly #senders: Sender[]
  readonly #receivers: Receiver[]
  #sent = 0
  #latency: RecordableHistogram = createHistogram()
  readonly #sums = new Map<string, RecordableHistogram>()
  #timer: NodeJS.Timeout | undefined

  constructor({ ports, pairs, rate }: GoodOptions) {
    this.#pacer = new Pacer(rate, BEHIND_S * rate)
    const indexes = Array.from({ length: pairs }, (_, index) => index)
    const onLost = (): void => {
      this.lost++
    }
    const onMessage = (sentAt: number): void => {
      // Whole microseconds, from 1 on: a histogram takes nothing else.
      this.#latency.record(Math.max(1, Math.round((performance.now() - sentAt) * 1000)))
    }
    this.#senders = indexes.map((index) => new Sender(placeOf(index, ports), onLost))
    this.#receivers = indexes.map(
      (index) => new Receiver({ place: placeOf(index, ports), tally: this.tally, onMessage, onLost }),
    )
  }

  /** How many connections they are. */
  get size(): number {
    return this.#senders.length + this.#receivers.length
  }

  /** Messages that were due and not sent: the machine could not keep up. */
  get skipped(): number {
    return this.#pacer.skipped
  }

  async connect(): Promise<void> {
    const all = [...this.#receivers, ...this.#senders]
    await inParallel(all.length, CONNECTING, async (i) => void (await all[i].connect(GOOD)))
    await inParallel(this.#receivers.length, CONNECTING, (i) => this.#receivers[i].listen())
  }

  /** Sends from now on, until {@link pause}. */
  begin(): void {
    this.#pacer.begin(performance.now())
    // What was lost before is under way no more.
    const gone = this.#sent - this.tally.delivered
    const tick = (): void => {
      const underWay = this.#sent - this.tally.delivered - gone
      let due = this.#pacer.due(performance.now(), underWay)
      for (; due > 0; due--) this.#senders[this.#sent++ % this.#senders.length].publishNext()
    }
    this.#timer ??= setInterval(tick, TICK_MS)
  }

  /** Stops sending, and waits until all that was sent has come or nothing more comes, and no longer than `longest` ms. */
  async pause(longest: number = LONGEST_PAUSE_MS): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    const end = performance.now() + longest
    let [before, since] = [-1, performance.now()]
    while (!this.#isSettled && performance.now() - since < PATIENCE_MS && performance.now() < end) {
      if (this.tally.delivered !== before) since = performance.now()
      before = this.tally.delivered
      await sleep(10)
    }
    await sleep(LATE_MS)
  }

  /**
   * What messages took since the last time.
   * @param sum Under which it is added to {@link latencyOf}; nowhere by default.
   */
  latency(sum?: string): Latency {
    const taken = this.#latency
    this.#latency = createHistogram()
    if (sum !== undefined && taken.count > 0) {
      const all = this.#sums.get(sum) ?? createHistogram()
      this.#sums.set(sum, all)
      all.add(taken)
    }
    return toLatency(taken)
  }

  /** What messages took in all, of the spans that were added under a name. */
  latencyOf(sum: string): Latency {
    return toLatency(this.#sums.get(sum) ?? createHistogram())
  }

  /** Counts what never came, and leaves. */
  async leave(): Promise<void> {
    await this.pause(Number.POSITIVE_INFINITY)
    for (const [i, receiver] of this.#receivers.entries()) receiver.settle(this.#senders[i].published)
    const all = [...this.#senders, ...this.#receivers]
    await inParallel(all.length, CONNECTING, (i) => all[i].leave())
  }

  /** Breaks all connections without a word. */
  break(): void {
    clearInterval(this.#timer)
    for (const client of [...this.#senders, ...this.#receivers]) client.break()
  }

  get #isSettled(): boolean {
    return this.#senders.every(
      (sender, i) => sender.isSettled && this.#receivers[i].received >= sender.published,
    )
  }
}

function toLatency(of: RecordableHistogram): Latency {
  const at = (percent: number): number => of.percentile(percent) / 1000
  return { count: of.count, p50: at(50), p99: at(99), p999: at(99.9), max: of.count > 0 ? of.max / 1000 : 0 }
}
