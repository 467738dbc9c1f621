/** Writes lines out of a table, as many as may be. */
import { StackError } from '../../errors/index.ts'
import type { Clock } from '../../time/index.ts'
import type { LineFormat, LogLevel } from './level.ts'
import { isLineFormat, isLogLevel, isWritten, LINE_FORMATS, LOG_LEVELS, levelOf } from './level.ts'
import { LineLimit } from './line-limit.ts'
import type { Log } from './log.ts'
import { LOG_EVENTS } from './log-events.ts'
import type { FieldValue, LogRow, LogTable } from './log-row.ts'
import { fieldNames } from './log-row.ts'
import type { Logger } from './logger.ts'
import { printableLogger } from './logger.ts'
import type { Fields } from './printable.ts'
import { loggableError, loggableFields, loggableValue } from './printable.ts'

/** How a log begins. */
export interface LogSettings {
  /** That of the logger without it, and `info` where that has none. */
  readonly level?: LogLevel
  /** Of one event each second, in the long run; 10 without it. */
  readonly lines?: number
}

const USUAL_LEVEL: LogLevel = 'info'
export const USUAL_LINES = 10
/** Characters of a value in the text of a line, where an error may have to say more than a field. */
const LONGEST_IN_TEXT = 2_048
const NAME = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+$/

/** A log that writes to a logger: for what runs beside a stack, which makes its own. */
export function createLog(logger: Logger, clock: Clock, settings: LogSettings = {}): Log {
  return new StackLog(new Lines(logger, clock, settings), LOG_EVENTS)
}

/** What all tables of one log share. */
class Lines {
  readonly logger: Logger
  /** The same for printable text alone. */
  readonly printable: Logger
  readonly limit: LineLimit
  readonly listeners = new Set<(level: LogLevel) => void>()
  #level: LogLevel = USUAL_LEVEL

  constructor(logger: Logger, clock: Clock, { level, lines = USUAL_LINES }: LogSettings) {
    this.logger = logger
    this.printable = printableLogger(logger)
    if (level !== undefined) this.level = level
    this.limit = new LineLimit(clock, lines, ({ event: limited, level, count }) => {
      const fields = { event: 'log.limited', limited, count }
      this.write(LOG_EVENTS['log.limited'], level, fields, undefined)
    })
  }

  /** Where the logger has a level, that is the one that holds: somebody may have set it there. */
  get level(): LogLevel {
    const { level } = this.logger
    return (typeof level === 'string' ? levelOf(level) : undefined) ?? this.#level
  }

  set level(level: LogLevel) {
    this.#level = level
    if (typeof this.logger.level === 'string') this.logger.level = level
  }

  write({ text }: LogRow, level: LogLevel, fields: Fields, error: Error | undefined): void {
    const detail = loggableFields(fields)
    const message = text.replace(/\{(\w+)\}/g, (_, name: string) => shown(fields[name]))
    this.logger[level](
      message,
      error === undefined ? detail : Object.assign(detail, { err: loggableError(error) }),
    )
  }
}

class StackLog<Events extends LogTable> implements Log<Events> {
  readonly #lines: Lines
  readonly #events: LogTable

  constructor(lines: Lines, events: LogTable) {
    this.#lines = lines
    this.#events = events
  }

  get level(): LogLevel {
    return this.#lines.level
  }

  set level(level: LogLevel) {
    if (!isLogLevel(level)) {
      const known = LOG_LEVELS.join(', ')
      throw new StackError('OPTION_INVALID', `log: "${String(level)}" is no level (known: ${known})`)
    }
    this.#lines.level = level
    for (const listener of this.#lines.listeners) listener(level)
  }

  get format(): LineFormat | undefined {
    return this.#lines.logger.format
  }

  set format(format: LineFormat) {
    if (!isLineFormat(format)) {
      const known = LINE_FORMATS.join(', ')
      throw new StackError('OPTION_INVALID', `log: "${String(format)}" is no format (known: ${known})`)
    }
    if (this.#lines.logger.format === undefined) {
      const fix = 'choose it where that is made; createBroker({ log: { format } }) makes one that has it'
      throw new StackError(
        'OPTION_INVALID',
        `log: the logger (option "logger"; console without it) has no format that can be set: ${fix}`,
      )
    }
    this.#lines.logger.format = format
  }

  event(name: string, given: object | (() => object), error?: Error): void {
    const row = Object.hasOwn(this.#events, name) ? this.#events[name] : undefined
    if (row === undefined) throw invalid(`there is no event "${name}"`, 'name one of the table')
    const lines = this.#lines
    if (!isWritten(row.level, lines.level) || !lines.limit.takes(name, row.level)) return
    const fields = (typeof given === 'function' ? given() : given) as Fields
    lines.write(row, row.level, { event: name, ...fields }, error)
  }

  writes(level: LogLevel): boolean {
    return isWritten(level, this.#lines.level)
  }

  with<Own extends LogTable>(events: Own): Log<Own> {
    for (const [name, row] of Object.entries(events)) checkRow(name, row)
    return new StackLog<Own>(this.#lines, events)
  }

  onLevel(listener: (level: LogLevel) => void): () => void {
    const { listeners } = this.#lines
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  flush(): void {
    this.#lines.limit.flush()
  }

  error(message: string, detail?: unknown): void {
    this.#plain('error', message, detail)
  }

  warn(message: string, detail?: unknown): void {
    this.#plain('warn', message, detail)
  }

  info(message: string, detail?: unknown): void {
    this.#plain('info', message, detail)
  }

  debug(message: string, detail?: unknown): void {
    this.#plain('debug', message, detail)
  }

  /** A line that has no name. */
  #plain(level: LogLevel, message: string, detail: unknown): void {
    if (this.writes(level)) this.#lines.printable[level](message, detail)
  }
}

function shown(value: FieldValue | undefined): string {
  return typeof value === 'string' ? loggableValue(value, LONGEST_IN_TEXT) : String(value)
}

function checkRow(name: string, row: LogRow): void {
  if (!NAME.test(name)) throw invalid(`"${name}" is no name`, 'write it as client.refused is written')
  if (Object.hasOwn(LOG_EVENTS, name)) throw invalid(`"${name}" is a name of core`, 'choose another one')
  if (!isLogLevel(row.level) || typeof row.text !== 'string')
    throw invalid(
      `"${name}" has no level or no text`,
      `give it a level (${LOG_LEVELS.join(', ')}) and a text`,
    )
  if (fieldNames(row).includes('event') || fieldNames(row).includes('err'))
    throw invalid(
      `"${name}" has a field "event" or "err"`,
      'these are those of every line: choose another name',
    )
}

function invalid(what: string, fix: string): StackError {
  return new StackError('LOG_EVENT_INVALID', `log: ${what}: ${fix}`)
}
