import type { Row } from '../series.ts'
import { formatNumber } from './format.ts'
import type { Summary } from './summary.ts'
import { summarize } from './summary.ts'

const COLOURS = ['#2563eb', '#9ca3af', '#d97706', '#d1d5db', '#059669', '#7c3aed']
const BAR = 14
const LABEL = 110
const WIDTH = 520
const FIGURE = 150
const GAP = 12
const LEGEND = 130

interface Bars {
  readonly name: string
  readonly summary: Summary
}

/** Bars for each scenario's rate, the longest of each scenario as wide as the chart: scenarios are not compared. */
export function chart(rows: readonly Row[]): string {
  const groups: Bars[] = rows.flatMap((row) =>
    summarize(row)
      .filter(({ metric, figures }) => metric.key === 'rate' && figures.length > 0)
      .map((summary) => ({ name: row.scenario.name, summary })),
  )
  const names = [...new Set(groups.flatMap(({ summary }) => summary.figures.map(({ broker }) => broker)))]
  const parts: string[] = names.map((name, i) => {
    const x = LABEL + i * LEGEND
    return `${rectangle(x, 8, 10, 10, colour(i))}${text(x + 16, 17, name)}`
  })
  let y = 32
  for (const { name, summary } of groups) {
    const longest = Math.max(...summary.figures.map(({ median }) => median))
    parts.push(text(0, y + 12, name))
    for (const { broker, median } of summary.figures) {
      const width = Math.max(1, Math.round((WIDTH * median) / longest))
      parts.push(rectangle(LABEL, y, width, BAR - 2, colour(names.indexOf(broker))))
      parts.push(text(LABEL + width + 6, y + 11, `${formatNumber(median)} ${summary.metric.label}`))
      y += BAR
    }
    y += GAP
  }
  const size = `width="${LABEL + WIDTH + FIGURE}" height="${y}"`
  const style = 'font-family="system-ui, sans-serif" font-size="11" fill="#6b7280"'
  const title = '<title>Messages a second by scenario and broker</title>'
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${style}>\n${title}\n${parts.join('\n')}\n</svg>\n`
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length]
}

function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}"/>`
}

function text(x: number, y: number, content: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}">${escaped}</text>`
}
