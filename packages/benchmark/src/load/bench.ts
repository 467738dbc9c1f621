import { processTree, residentBytes, usedProcessorTime, waitedForCore } from './processes.ts'
import type { Tally } from './sequence.ts'
import { createTally } from './sequence.ts'
import type { Target } from './wire.ts'

/** Processor time used in the measured span, as a share of one core: 1 is a core fully busy. */
export interface Shares {
  /** Of all processes of the load together. */
  readonly load: number
  /** Absent where the system has no /proc. */
  readonly broker?: number
  /** In which the broker was ready to run and had no core: other programs had them. */
  readonly waiting?: number
}

export interface BenchOptions {
  readonly target: Target
  readonly brokerPid: number
  readonly seconds: number
  readonly warmup: number
  readonly part?: number
  readonly together?: () => Promise<void>
}

/** What a scenario is given: where the broker is, how long to measure, and what to count into. */
export class Bench {
  readonly target: Target
  readonly seconds: number
  readonly warmup: number
  /** Which part of the load this process is, from 0. */
  readonly part: number
  /** Resolves once all parts of the load have called it. */
  readonly together: () => Promise<void>
  readonly tally: Tally = createTally()
  shares: Shares | undefined
  readonly #brokerPid: number

  constructor(options: BenchOptions) {
    this.target = options.target
    this.seconds = options.seconds
    this.warmup = options.warmup
    this.part = options.part ?? 0
    this.together = options.together ?? (async () => {})
    this.#brokerPid = options.brokerPid
  }

  /** Runs the part that counts and notes both processes' shares of a core during it. Resolves with its seconds. */
  async measure(work: () => Promise<unknown>): Promise<number> {
    const broker = processTree(this.#brokerPid)
    const brokerBefore = usedProcessorTime(broker)
    const waitedBefore = waitedForCore(this.#brokerPid)
    const loadBefore = process.cpuUsage()
    const start = performance.now()
    await work()
    const seconds = (performance.now() - start) / 1000
    const load = process.cpuUsage(loadBefore)
    const brokerAfter = usedProcessorTime(broker)
    const waiting = (waitedForCore(this.#brokerPid) - waitedBefore) / seconds
    this.shares = {
      load: (load.user + load.system) / 1e6 / seconds,
      broker: broker.length > 0 ? (brokerAfter - brokerBefore) / seconds : undefined,
      waiting: Number.isNaN(waiting) ? undefined : waiting,
    }
    return seconds
  }

  /** Resident memory of the broker in bytes; NaN where the system does not tell. */
  brokerMemory(): number {
    return residentBytes(processTree(this.#brokerPid))
  }
}
