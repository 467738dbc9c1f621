/** Lists as columns of text. What clients chose moves no cursor and ends no line. */
import { printable } from '@mqtt-stack/core'

export type Row = Readonly<Record<string, unknown>>

/** The columns of these names, each as wide as it has to be; figures stand at the right. */
export function tableOf(rows: readonly Row[], names: readonly string[]): string {
  const cells = rows.map((row) => names.map((name) => textOf(row[name])))
  const isFigure = names.map((_, i) => rows.length > 0 && cells.every((row) => /^[\d,.]*$/.test(row[i])))
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i].length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (isFigure[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  return `${[names, ...cells].map(line).join('\n')}\n`
}

/** Names and values of one thing, a line each. */
export function factsOf(row: Row): string {
  const facts = Object.entries(row).filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}\n`).join('')
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
