/** What the command logs: lines for a person on a terminal, JSON otherwise. Written at once, so nothing is lost at exit. */
import { createRequire } from 'node:module'
import type { Fields, LineFormat, Logger, LogLevel } from '@mqtt-stack/core'
import { LINE_FORMATS, StackError } from '@mqtt-stack/core'
import { destination, pino, stdTimeFunctions } from 'pino'

const STDOUT = 1

/** What is needed of a pino logger. */
export interface PinoLike extends Record<LogLevel, (fields: object, message: string) => void> {
  /** May be set. */
  level?: string
}

/** A logger whose level and format may be set at any time. */
export interface OwnLogger extends Logger {
  level: string
  format: LineFormat
}

/** Writes to standard output. */
export function createLogger(level: LogLevel, format: LineFormat): OwnLogger {
  const options = { level, base: { pid: process.pid }, timestamp: stdTimeFunctions.isoTime }
  const out = destination({ fd: STDOUT, sync: true })
  // Whoever read the log is gone: that is no reason to stop.
  out.on('error', () => {})
  let toLine = writerOf(format)
  const log = pino(options, { write: (json: string) => void out.write(toLine(json)) })
  let current = format
  return Object.defineProperties(fromPino(log), {
    level: {
      get: () => log.level,
      set: (next: string) => {
        log.level = next
      },
    },
    format: {
      get: () => current,
      set: (next: LineFormat) => {
        if (!LINE_FORMATS.includes(next)) {
          const known = LINE_FORMATS.join(', ')
          throw new StackError('OPTION_INVALID', `logger: "${String(next)}" is no format (known: ${known})`)
        }
        toLine = writerOf(next)
        current = next
      },
    },
  }) as OwnLogger
}

/**
 * A logger for `createBroker({ stack: { logger } })` of one of pino, which wants its fields first. Where that has a level,
 * `broker.log.level` is it.
 */
export function fromPino(log: PinoLike): Logger {
  const at =
    (level: LogLevel): Logger['error'] =>
    (message, detail) =>
      log[level](bindings(detail), message)
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    get level() {
      return log.level
    },
    set level(level) {
      if (typeof level === 'string') log.level = level
    },
  }
}

function bindings(detail: unknown): Fields | { err: unknown } {
  if (detail === undefined) return {}
  return typeof detail === 'object' && !(detail instanceof Error) ? (detail as Fields) : { err: detail }
}

/** Makes a line of what pino writes. What makes it readable is loaded by who wants it. */
function writerOf(format: LineFormat): (json: string) => string {
  if (format === 'json') return (json) => json
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty')
  return prettyFactory({
    ignore: 'pid',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    colorize: process.stdout.isTTY === true,
  }) as (json: string) => string
}
