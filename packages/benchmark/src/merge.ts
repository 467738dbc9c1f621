import type { Shares } from './load/bench.ts'
import type { Outcome } from './load/task.ts'

/** What the parts of a load counted, as if one process had: their figures are rates and add up. */
export function merge(parts: readonly Outcome[]): Outcome {
  const shares = parts.map(({ shares }) => shares)
  return {
    values: sum(parts.map(({ values }) => values)),
    tally: sum(parts.map(({ tally }) => tally)),
    shares: shares.every((each) => each !== undefined) ? mergeShares(shares) : undefined,
  }
}

/** The loads are different processes, the broker the same one, seen more than once. */
function mergeShares(shares: readonly Shares[]): Shares {
  return {
    load: shares.reduce((all, { load }) => all + load, 0),
    broker: mean(shares.map(({ broker }) => broker)),
    waiting: mean(shares.map(({ waiting }) => waiting)),
  }
}

function sum<T extends { readonly [K in keyof T]: number }>(records: readonly T[]): T {
  const [first, ...others] = records
  const keys = Object.keys(first) as (keyof T)[]
  return Object.fromEntries(
    keys.map((key) => [key, others.reduce((all, each) => all + each[key], first[key] as number)]),
  ) as T
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? known.reduce((all, value) => all + value, 0) / known.length : undefined
}
