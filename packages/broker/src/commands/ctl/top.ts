/** `mqtt-stack top`: a broker at work, once a second. */
import type { OptionsSpec } from '@mqtt-stack/core'
import { printable } from '@mqtt-stack/core'
import type { Io } from '../command.ts'
import type { CommandLineSpec } from '../command-line.ts'
import { readCommandLine } from '../command-line.ts'
import type { AdminFlags } from './admin-client.ts'
import { ADMIN_FLAGS, ADMIN_WANTS, AdminClient } from './admin-client.ts'
import { cutTo } from './display-width.ts'
import type { Row } from './table.ts'
import { jsonLine, tableOf, terminalWidth } from './table.ts'

interface TopFlags extends AdminFlags {
  seconds?: number
}

const FLAGS: OptionsSpec<TopFlags> = {
  seconds: { kind: 'number', default: 0, min: 0, doc: 'end after so many seconds; 0: never' },
  ...ADMIN_FLAGS,
}

export const TOP_LINE: CommandLineSpec<TopFlags> = {
  name: 'top',
  operands: [],
  doc: 'Shows a broker at work.',
  flags: FLAGS,
  wants: { seconds: 's', ...ADMIN_WANTS },
}

/** As `/api/live` tells them; counts are since somebody looks on. */
interface Figures {
  readonly at: number
  readonly clients: number
  readonly published: number
  readonly dropped: number
  readonly refused: number
  readonly rss: number
  readonly loopMax: number
}

/** Lines of each list. */
const LINES = 5
const CLEAR = '\u001b[H\u001b[2J'
const CTRL_C = '\u0003'
const MIB = 2 ** 20

/** Redraws a terminal; elsewhere it writes a line a second. Ends with q, Ctrl-C, or after so many seconds. */
export async function top(args: readonly string[], io: Io): Promise<number> {
  const line = readCommandLine(TOP_LINE, args)
  if (typeof line === 'string') {
    io.stdout.write(line)
    return 0
  }
  const { seconds = 0, json } = line.flags
  const admin = new AdminClient('mqtt-stack top', line.flags, io.env)
  const abort = new AbortController()
  const end = onEnd(io, () => abort.abort())
  let before: Figures | undefined
  let shown = 0
  const isTerminal = io.stdout.isTTY === true && json !== true
  let drawing = false
  let failure: Error | undefined
  const redraw = (then: Figures, now: Figures): void => {
    if (drawing) return
    drawing = true
    draw(admin, io, then, now, abort.signal).then(
      () => {
        drawing = false
      },
      (error: Error) => {
        failure = error
        abort.abort()
      },
    )
  }
  try {
    await admin.events('/api/live', { what: 'figures' }, abort.signal, (kind, data) => {
      if (kind !== 'figures') return
      const now = data as Figures
      if (json === true) io.stdout.write(jsonLine(now))
      else if (before !== undefined && isTerminal) redraw(before, now)
      else if (before !== undefined) io.stdout.write(`${lineOf(before, now)}\n`)
      before = now
      if (seconds > 0 && ++shown > seconds) abort.abort()
    })
    return 0
  } catch (error) {
    if (failure !== undefined) throw failure
    if (abort.signal.aborted) return 0
    throw error
  } finally {
    end()
  }
}

function lineOf(before: Figures, now: Figures): string {
  const rate = (of: (one: Figures) => number): string => {
    const passed = Math.max(0.001, (now.at - before.at) / 1_000)
    return Math.max(0, Math.round((of(now) - of(before)) / passed)).toLocaleString('en')
  }
  const words = [
    new Date(now.at).toISOString().slice(11, 19),
    `${now.clients.toLocaleString('en')} clients`,
    `${rate((one) => one.published)} messages/s`,
    `${rate((one) => one.dropped)} dropped/s`,
    `${rate((one) => one.refused)} refused/s`,
    `loop ${now.loopMax} ms`,
    `${Math.round(now.rss / MIB)} MiB`,
  ]
  return printable(words.join('  '))
}

async function draw(
  admin: AdminClient,
  { stdout }: Io,
  before: Figures,
  now: Figures,
  over: AbortSignal,
): Promise<void> {
  const nothing = (): Row[] => []
  const largest = (list: string): Promise<Row[]> =>
    admin.ask<Row[]>('GET', `/api/top/${list}`, { limit: LINES }).catch(nothing)
  const busiest = admin
    .ask<{ activity: Row[] }>('GET', '/api/stack')
    .then(({ activity }) => activity, nothing)
  const [topics, queues, activity] = await Promise.all([largest('topics'), largest('queues'), busiest])
  const handlers = [...activity].sort((a, b) => Number(b.calls) - Number(a.calls)).slice(0, LINES)
  // The terminal was given back meanwhile.
  if (over.aborted) return
  const width = terminalWidth(stdout)
  const headline = lineOf(before, now)
  stdout.write(
    [
      `${CLEAR}${width === undefined ? headline : cutTo(headline, width)}\n`,
      `Busiest topics\n${tableOf(topics, ['name', 'value', 'unit'], width)}`,
      `Longest queues\n${tableOf(queues, ['name', 'value', 'unit'], width)}`,
      `Busiest middlewares\n${tableOf(handlers, ['middleware', 'callback', 'calls', 'ended', 'errors'], width)}`,
      'q ends it\n',
    ].join('\n'),
  )
}

/** @returns What gives the terminal back. */
function onEnd({ stdin }: Io, end: () => void): () => void {
  const listen = (bytes: Buffer | string): void => {
    const text = String(bytes)
    if (text.includes('q') || text.includes(CTRL_C)) end()
  }
  process.once('SIGINT', end)
  stdin.setRawMode?.(true)
  stdin.on('data', listen)
  return () => {
    process.removeListener('SIGINT', end)
    stdin.removeListener('data', listen)
    stdin.setRawMode?.(false)
    stdin.pause()
  }
}
