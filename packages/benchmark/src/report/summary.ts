import type { Shares } from '../load/bench.ts'
import { faults } from '../load/sequence.ts'
import type { Outcome } from '../load/task.ts'
import type { Metric } from '../scenarios/scenario.ts'
import type { Column, Row } from '../series.ts'
import { median } from './statistics.ts'

/** One metric of one broker over all rounds. */
export interface Figure {
  readonly broker: string
  readonly median: number
  readonly least: number
  readonly most: number
  /** Subject divided by this broker within each round, then the median; absent for the subject itself. */
  readonly ratio?: number
}

export interface Summary {
  readonly metric: Metric
  readonly figures: readonly Figure[]
}

/** The figures of a row, metric by metric. */
export function summarize(row: Row): Summary[] {
  const subject = row.columns.find(({ broker }) => broker === row.subject)
  return row.scenario.metrics.map((metric) => ({
    metric,
    figures: row.columns.flatMap((column) => {
      const values = valuesOf(column, metric.key).filter((value) => value !== undefined)
      if (values.length === 0) return []
      return {
        broker: column.broker,
        median: median(values),
        least: Math.min(...values),
        most: Math.max(...values),
        ratio: subject && column !== subject ? ratio(subject, column, metric.key) : undefined,
      }
    }),
  }))
}

export function outcomes(column: Column): Outcome[] {
  return column.rounds.filter((round): round is Outcome => !(round instanceof Error))
}

export function failures(column: Column): Error[] {
  return column.rounds.filter((round): round is Error => round instanceof Error)
}

/** What was not delivered as it was sent, over all rounds; empty when all was. */
export function faultsOf(column: Column): string {
  const counts = new Map<string, number>()
  for (const { tally } of outcomes(column)) {
    if (faults(tally) === 0) continue
    for (const kind of ['lost', 'doubled', 'reordered', 'wrong'] as const) {
      if (tally[kind] > 0) counts.set(kind, (counts.get(kind) ?? 0) + tally[kind])
    }
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

export function shareOf(column: Column, who: keyof Shares): number | undefined {
  const shares = outcomes(column).flatMap(({ shares }) => shares?.[who] ?? [])
  return shares.length > 0 ? median(shares) : undefined
}

function ratio(subject: Column, peer: Column, key: string): number | undefined {
  const ours = valuesOf(subject, key)
  const theirs = valuesOf(peer, key)
  const ratios = ours.flatMap((value, round) => {
    const other = theirs[round]
    return value === undefined || !other ? [] : value / other
  })
  return ratios.length > 0 ? median(ratios) : undefined
}

function valuesOf(column: Column, key: string): (number | undefined)[] {
  return column.rounds.map((round) => {
    const value = round instanceof Error ? undefined : round.values[key]
    return Number.isFinite(value) ? value : undefined
  })
}
