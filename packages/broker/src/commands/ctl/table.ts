/** Lists as columns of text. What clients chose moves no cursor and ends no line. */
import { printable } from '@mqtt-stack/core'
import type { Io } from '../command.ts'
import { cutTo, widthOf } from './display-width.ts'

export type Row = Readonly<Record<string, unknown>>

/** Between two columns. */
const GAP = '  '
/** Columns of text are made equally wide up to here: one long name does not lengthen every line. */
const ALIGNED = 256

/**
 * The columns of these names, each as wide as it has to be; figures stand at the right.
 * @param most Columns of the terminal: where the table is wider, its widest columns of text are cut, each with `…`.
 * Without it all is whole.
 */
export function tableOf(rows: readonly Row[], names: readonly string[], most?: number): string {
  const cells = rows.map((row) => names.map((name) => textOf(row[name])))
  const isFigure = names.map((name) => rows.length > 0 && rows.every((row) => isNumber(row[name])))
  const whole = names.map((name, i) =>
    cells.reduce((widest, row) => Math.max(widest, widthOf(row[i], most ?? ALIGNED)), name.length),
  )
  const widths = most === undefined ? whole : shared(whole, isFigure, most - GAP.length * (names.length - 1))
  const line = (row: readonly string[]): string => {
    const shown = most === undefined ? row : row.map((cell, i) => cutTo(cell, widths[i]))
    const text = shown.map((cell, i) => padded(cell, widths[i], isFigure[i])).join(GAP)
    return (most === undefined ? text : cutTo(text, most)).trimEnd()
  }
  return `${[names, ...cells].map(line).join('\n')}\n`
}

/** Columns of the terminal, where there is one. */
export function terminalWidth({ isTTY, columns }: Io['stdout']): number | undefined {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : undefined
}

/** Names and values of one thing, a line each, whole. */
export function factsOf(row: Row): string {
  const facts = Object.entries(row).filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}\n`).join('')
}

/** The same value to whoever reads it, and nothing that moves a cursor: JSON itself escapes a part of that alone. */
export function jsonLine(value: unknown): string {
  return `${printable(JSON.stringify(value) ?? 'null')}\n`
}

function padded(cell: string, width: number, isFigure: boolean): string {
  const blank = ' '.repeat(width - widthOf(cell, width))
  return isFigure ? blank + cell : cell + blank
}

/** Widths that are not more than `most` together: figures stay whole, the widest of the others give what is too much. */
function shared(widths: readonly number[], isFigure: readonly boolean[], most: number): readonly number[] {
  const texts = widths.filter((_, i) => !isFigure[i]).sort((a, b) => a - b)
  let left = most - widths.reduce((sum, width, i) => (isFigure[i] ? sum + width : sum), 0)
  if (texts.reduce((sum, width) => sum + width, 0) <= left) return widths
  // The narrow ones have what they need; the others have the same.
  let share = 1
  for (const [i, width] of texts.entries()) {
    share = Math.max(1, Math.floor(left / (texts.length - i)))
    if (width > share) break
    left -= width
  }
  return widths.map((width, i) => (isFigure[i] ? width : Math.min(width, share)))
}

/** What a client chose may be digits, too: it is no figure. */
function isNumber(value: unknown): boolean {
  return typeof value === 'number' || value === undefined || value === null
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
