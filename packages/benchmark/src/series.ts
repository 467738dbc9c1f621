import type { Broker } from './brokers/broker.ts'
import { supports } from './brokers/broker.ts'
import type { Lineup, LineupName } from './brokers/lineup.ts'
import { startBroker } from './brokers/process.ts'
import type { Outcome } from './load/task.ts'
import { runLoad } from './run-load.ts'
import type { Scenario } from './scenarios/scenario.ts'

/** What one broker did in each round of a scenario; a round that failed has its reason instead. */
export interface Column {
  readonly broker: string
  readonly version?: string
  readonly rounds: readonly (Outcome | Error)[]
}

export interface Row {
  readonly lineup: LineupName
  readonly scenario: Scenario
  /** The broker that all others are compared with: the first of the run, whether or not it can do this scenario. */
  readonly subject: string
  readonly columns: readonly Column[]
}

export interface SeriesOptions {
  readonly lineup: Lineup
  readonly runs: number
  readonly seconds: number
  readonly warmup: number
  readonly pin: boolean
  readonly signal: AbortSignal
  /** Told before each run. */
  progress(text: string): void
}

/**
 * Runs a scenario on every broker in turn, and that `runs` times: A B A B, so that what changes on the machine
 * meanwhile meets all of them, and a ratio is taken within one round.
 */
export async function runScenario(scenario: Scenario, options: SeriesOptions): Promise<Row> {
  const { name: lineup, brokers } = options.lineup
  const takers = brokers.filter((broker) => supports(broker, scenario.needs))
  const columns = takers.map(({ name, version }) => ({
    broker: name,
    version,
    rounds: [] as (Outcome | Error)[],
  }))
  for (let round = 1; round <= options.runs; round++) {
    for (const [i, broker] of takers.entries()) {
      options.progress(`${scenario.name}: ${broker.name}, round ${round} of ${options.runs}`)
      columns[i].rounds.push(await runOnce(scenario, broker, options))
      options.signal.throwIfAborted()
    }
  }
  return { lineup, scenario, subject: brokers[0].name, columns }
}

async function runOnce(scenario: Scenario, broker: Broker, options: SeriesOptions): Promise<Outcome | Error> {
  const { seconds, warmup, pin, signal } = options
  try {
    const running = await startBroker(broker, scenario.transport ?? 'tcp', pin, scenario.nodes)
    try {
      const { port, nodePorts, pid } = running
      const task = { scenario: scenario.name, port, nodePorts, brokerPid: pid, seconds, warmup }
      return await runLoad(task, scenario.parts ?? 1, { pin, signal })
    } finally {
      await running.stop()
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
