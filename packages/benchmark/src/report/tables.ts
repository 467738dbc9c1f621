import { formatNumber, formatRatio, formatShare } from './format.ts'
import { markdownTable } from './markdown-table.ts'
import type { Result } from './results.ts'
import type { Figure, Summary } from './summary.ts'
import { shareOf, summarize } from './summary.ts'

/** mqtt-stack as multiples of each peer, and how busy it was. */
export function ratioTable(rows: readonly Result[]): string[] {
  const [, ...peers] = columnsOf(rows)
  const lines = lineByLine(rows, ({ row, metric, figures }) => {
    const subject = row.columns.find(({ broker }) => broker === row.subject)
    return [
      row.scenario.name,
      metric.label,
      figureOf(figures, row.subject),
      ...peers.map((peer) => ratioOf(figures, peer, (ratio) => ratio)),
      formatShare(subject && shareOf(subject, 'broker')),
    ]
  })
  const subject = rows[0].subject
  return markdownTable(['scenario', 'of', subject, ...peers.map((peer) => `to ${peer}`), 'its core'], lines)
}

export function figureTable(rows: readonly Result[]): string[] {
  const names = columnsOf(rows)
  const lines = lineByLine(rows, ({ row, metric, figures }) => {
    return [row.scenario.name, metric.label, ...names.map((name) => figureOf(figures, name))]
  })
  return markdownTable(['scenario', 'of', ...names], lines)
}

/** Broker's and load's share of a core, in each broker's measured span. */
export function shareTable(rows: readonly Result[]): string[] {
  const names = columnsOf(rows)
  const lines = rows.map(({ scenario, columns }) => [
    scenario.name,
    ...names.map((name) => {
      const column = columns.find(({ broker }) => broker === name)
      return column
        ? `${formatShare(shareOf(column, 'broker'))}, ${formatShare(shareOf(column, 'load'))}`
        : '-'
    }),
  ])
  return markdownTable(['scenario', ...names], lines)
}

/** Each but the first with its ratio to the first. */
export function ownTable(rows: readonly Result[]): string[] {
  const [, ...others] = columnsOf(rows)
  const lines = lineByLine(rows, ({ row, metric, figures }) => [
    row.scenario.name,
    metric.label,
    figureOf(figures, row.subject),
    ...others.map((name) => {
      return `${figureOf(figures, name)} (${ratioOf(figures, name, (ratio) => 1 / ratio)})`
    }),
  ])
  return markdownTable(['scenario', 'of', rows[0].subject, ...others], lines)
}

function lineByLine(
  rows: readonly Result[],
  cells: (each: Summary & { readonly row: Result }) => string[],
): string[][] {
  return rows.flatMap((row) => summarize(row).map((summary) => cells({ ...summary, row })))
}

/** The subject, and who else took part in any row, in the order of the rows that have most of them. */
function columnsOf(rows: readonly Result[]): string[] {
  const longest = rows.toSorted((a, b) => b.columns.length - a.columns.length)
  const names = longest.flatMap(({ columns }) => columns.map(({ broker }) => broker))
  return [...new Set([rows[0].subject, ...names])]
}

function figureOf(figures: readonly Figure[], name: string): string {
  return formatNumber(figures.find(({ broker }) => broker === name)?.median ?? Number.NaN)
}

function ratioOf(figures: readonly Figure[], name: string, turn: (ratio: number) => number): string {
  const ratio = figures.find(({ broker }) => broker === name)?.ratio
  return ratio === undefined ? '-' : formatRatio(turn(ratio))
}
