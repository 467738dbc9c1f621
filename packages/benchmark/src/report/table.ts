import type { Row } from '../series.ts'
import { formatNumber, formatRatio, formatShare } from './format.ts'
import { shareOf, summarize } from './summary.ts'
import { crowdLine, excessLines, faultLines, loadLines } from './warnings.ts'

/** A line of cells for each metric and broker of a row, and what went wrong beneath it. */
export function printRow(row: Row): string {
  const lines: string[][] = []
  // With itself it is compared the other way round: what is left of the first's figure?
  const turned = row.lineup !== 'peers'
  for (const { metric, figures } of summarize(row)) {
    for (const figure of figures) {
      const column = row.columns.find(({ broker }) => broker === figure.broker)!
      lines.push([
        figure.broker,
        formatNumber(figure.median),
        metric.label,
        `${formatNumber(figure.least)} to ${formatNumber(figure.most)}`,
        figure.ratio === undefined ? '' : formatRatio(turned ? 1 / figure.ratio : figure.ratio),
        formatShare(shareOf(column, 'broker')),
        formatShare(shareOf(column, 'load')),
      ])
    }
  }
  const ratio = turned ? `to ${row.subject}` : `${row.subject} to it`
  const headings = ['broker', 'median', 'of', 'range', ratio, 'broker core', 'load core']
  const toTheRight = [false, true, false, true, true, true, true]
  const body = row.columns.length > 0 ? align([headings, ...lines], toTheRight) : ['nobody here can do this']
  const conditions = row.scenario.conditions ? ` (${row.scenario.conditions})` : ''
  return [
    `${row.scenario.name}: ${row.scenario.about}${conditions}`,
    ...body.map((line) => `  ${line}`),
    ...[...faultLines(row), ...excessLines(row), ...loadLines(row), ...crowdLine(row)].map(
      (line) => `  ! ${line}`,
    ),
    '',
  ].join('\n')
}

function align(rows: readonly (readonly string[])[], toTheRight: readonly boolean[]): string[] {
  const widths = toTheRight.map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) =>
    row
      .map((cell, i) => (toTheRight[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  )
}
