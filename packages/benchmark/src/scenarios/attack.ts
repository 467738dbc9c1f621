import { Attacker } from '../load/attacker.ts'
import type { Bench } from '../load/bench.ts'
import { Probe } from '../load/probe.ts'
import { sleep } from '../load/traffic.ts'
import type { Target } from '../load/wire.ts'
import type { Version } from '../mqtt/encode.ts'
import type { Feature, Metric, Scenario } from './scenario.ts'

/** The longest that another client's ping may wait, in ms. */
const LONGEST = 50
/** The broker is calm when no ping waited longer than this for so long, in ms. */
const CALM = 8
const CALM_FOR = 250
const CALM_WITHIN = 60_000
/** Milliseconds between looks at the broker's memory. */
const LOOK = 50

export interface Attack extends Partial<Pick<Scenario, 'transport' | 'conditions'>> {
  readonly name: string
  readonly about: string
  /** What is measured: for each strike its key, and what was done. */
  readonly strikes: Readonly<Record<string, string>>
  run(field: Field): Promise<void>
}

/** Unprivileged clients against one that pings. */
export function attack({ name, about, strikes, run, ...rest }: Attack): Scenario {
  const needs: readonly Feature[] = ['attack']
  const waits = Object.entries(strikes).map(
    ([key, what]): Metric => ({ key, label: `ms at most: ${what}`, higherIsBetter: false, most: LONGEST }),
  )
  const memory: Metric = { key: 'memory', label: 'MB resident at most', higherIsBetter: false }
  return {
    name: `attack-${name}`,
    about,
    group: 'attack',
    needs,
    ...rest,
    metrics: [...waits, memory],
    async run(bench) {
      const field = new Field(bench, await Probe.open(bench.target))
      try {
        await bench.measure(() => run(field))
      } finally {
        await field.leave()
      }
      return field.values
    },
  }
}

/** Where an attack takes place. */
export class Field {
  readonly target: Target
  readonly seconds: number
  /** Waits by strike, and the memory. */
  readonly values: Record<string, number> = { memory: 0 }
  readonly #bench: Bench
  readonly #probe: Probe
  readonly #timer: NodeJS.Timeout
  #attackers: Attacker[] = []

  constructor(bench: Bench, probe: Probe) {
    this.#bench = bench
    this.#probe = probe
    this.target = bench.target
    this.seconds = bench.seconds
    this.#timer = setInterval(() => this.#look(), LOOK)
  }

  /** One more client that means no good. */
  attacker(id: string, version?: Version): Attacker {
    const attacker = new Attacker(this.target, `bench-${id}`, version)
    this.#attackers.push(attacker)
    return attacker
  }

  /** Attackers that are connected. */
  async attackers(count: number, id: string, version?: Version): Promise<Attacker[]> {
    const all = Array.from({ length: count }, (_, i) => this.attacker(`${id}-${i}`, version))
    for (const attacker of all) await attacker.connect()
    return all
  }

  /** Does the work and waits until the broker is calm again; notes the longest wait of the probe meanwhile. */
  async strike(key: string, work: () => Promise<unknown>): Promise<void> {
    await this.calm()
    this.#probe.begin()
    await work()
    let longest = 0
    const end = performance.now() + CALM_WITHIN
    for (let calm = 0; calm < CALM_FOR && performance.now() < end; ) {
      await sleep(LOOK)
      const wait = await this.#probe.longest()
      this.#probe.begin()
      longest = Math.max(longest, wait)
      calm = wait > CALM ? 0 : calm + LOOK
    }
    this.#look()
    this.values[key] = Math.max(this.values[key] ?? 0, longest)
  }

  /** What the strike is prepared by must be done with. */
  async calm(): Promise<void> {
    const end = performance.now() + CALM_WITHIN
    for (let calm = 0; calm < CALM_FOR && performance.now() < end; ) {
      this.#probe.begin()
      await sleep(LOOK)
      calm = (await this.#probe.longest()) > CALM ? 0 : calm + LOOK
    }
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer)
    for (const attacker of this.#attackers) void attacker.break()
    this.#attackers = []
    await this.#probe.close()
  }

  #look(): void {
    this.values.memory = Math.max(this.values.memory, this.#bench.brokerMemory() / 1e6)
  }
}
