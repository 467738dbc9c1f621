import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { LineupName } from '../brokers/lineup.ts'
import type { Outcome } from '../load/task.ts'
import { scenarios } from '../scenarios/index.ts'
import type { Row } from '../series.ts'
import type { Setting } from './setting.ts'

/** A row as it is kept: one file each, so that a long benchmark can be run in pieces. */
export interface Result extends Row {
  readonly setting: Setting
}

interface Kept {
  readonly lineup: LineupName
  readonly scenario: string
  readonly subject: string
  readonly setting: Setting
  readonly columns: readonly {
    readonly broker: string
    readonly version?: string
    readonly rounds: readonly (Outcome | { readonly error: string })[]
  }[]
}

/** Writes the row in the place of the one of the same scenario and lineup. */
export function keepResult(directory: string, { lineup, scenario, subject, setting, columns }: Result): void {
  const kept: Kept = {
    lineup,
    scenario: scenario.name,
    subject,
    setting,
    columns: columns.map(({ broker, version, rounds }) => {
      const plain = rounds.map((round) => (round instanceof Error ? { error: reasonOf(round) } : round))
      return { broker, version, rounds: plain }
    }),
  }
  mkdirSync(directory, { recursive: true })
  const name = lineup === 'peers' ? scenario.name : `${lineup}-${scenario.name}`
  writeFileSync(`${directory}/${name}.json`, `${JSON.stringify(kept, undefined, 2)}\n`)
}

/** All rows that are kept, in the order of the scenarios; those of scenarios that are no more are passed over. */
export function keptResults(directory: string): Result[] {
  if (!existsSync(directory)) return []
  const all = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name): Kept => JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')))
  return scenarios.flatMap((scenario) =>
    all.filter((kept) => kept.scenario === scenario.name).map((kept) => revive(kept, scenario)),
  )
}

function revive(kept: Kept, scenario: Result['scenario']): Result {
  const columns = kept.columns.map((column) => ({
    ...column,
    rounds: column.rounds.map((round) => ('error' in round ? new Error(round.error) : round)),
  }))
  return { ...kept, scenario, columns }
}

/** The first line, without paths of the machine. */
function reasonOf({ message }: Error): string {
  return message.split('\n', 1)[0].replaceAll(/(?:\/[\w.@-]+){2,}/g, '...')
}
