import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Row } from '../series.ts'
import { chart } from './chart.ts'
import { formatNumber, formatRatio, formatShare } from './format.ts'
import { shareOf, summarize } from './summary.ts'
import { warnings } from './table.ts'

const DOCS = fileURLToPath(new URL('../../../../docs/', import.meta.url))

/** Writes docs/benchmark.md and docs/benchmark.svg and returns their paths from the root. */
export function writeReport(rows: readonly Row[], conditions: readonly string[]): string[] {
  mkdirSync(DOCS, { recursive: true })
  writeFileSync(`${DOCS}benchmark.svg`, chart(rows))
  writeFileSync(`${DOCS}benchmark.md`, markdown(rows, conditions))
  return ['docs/benchmark.md', 'docs/benchmark.svg']
}

export function markdown(rows: readonly Row[], conditions: readonly string[]): string {
  const names = [...new Set(rows.flatMap(({ columns }) => columns.map(({ broker }) => broker)))]
  const [subject, ...peers] = names
  const head = [
    'scenario',
    'of',
    ...names,
    ...peers.map((peer) => `${subject} to ${peer}`),
    'cores: broker, load',
  ]
  const told = rows.flatMap((row) => warnings(row).map((line) => `- ${row.scenario.name}: ${line}`))
  return [
    '# Benchmark',
    '',
    'Written by `pnpm bench --report`; do not edit.',
    '',
    ...conditions.map((line) => `- ${line}`),
    '',
    '![Messages a second by scenario and broker](benchmark.svg)',
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.flatMap((row) => cells(row, names).map(line)),
    '',
    ...(told.length > 0 ? ['## What went wrong', '', ...told, ''] : []),
    '## The scenarios',
    '',
    ...rows.map(({ scenario: { name, about, conditions } }) => {
      return `- **${name}**: ${about}${conditions ? ` (${conditions})` : ''}`
    }),
    '',
  ].join('\n')
}

function cells(row: Row, names: readonly string[]): string[][] {
  const subject = row.columns.find(({ broker }) => broker === row.subject)
  return summarize(row).map(({ metric, figures }) => {
    const of = (name: string) => figures.find(({ broker }) => broker === name)
    const shares = subject ? [shareOf(subject, 'broker'), shareOf(subject, 'load')] : []
    return [
      row.scenario.name,
      metric.label,
      ...names.map((name) => formatNumber(of(name)?.median ?? Number.NaN)),
      ...names.slice(1).map((name) => {
        const ratio = of(name)?.ratio
        return ratio === undefined ? '-' : formatRatio(ratio)
      }),
      shares.map(formatShare).join(', '),
    ]
  })
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
