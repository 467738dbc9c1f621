/** What the command logs: lines for a person on a terminal, JSON otherwise. Written at once, so nothing is lost at exit. */
import type { Fields, Logger } from '@mqtt-stack/core'
import { printableLogger } from '@mqtt-stack/core'
import { destination, pino, stdTimeFunctions } from 'pino'

const STDOUT = 1

/** How much is logged: each level has the lines of those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** The one from which on lines are logged. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What is needed of a pino logger. */
export type PinoLike = Record<LogLevel, (fields: object, message: string) => void>

/** A logger whose level may change. */
export interface LeveledLogger {
  readonly logger: Logger
  setLevel(level: LogLevel): void
}

export async function createLogger(level: LogLevel, terminal: boolean): Promise<LeveledLogger> {
  const options = { level, base: { pid: process.pid }, timestamp: stdTimeFunctions.isoTime }
  const stream = terminal ? await prettyStream() : destination({ fd: STDOUT, sync: true })
  // Whoever read the log is gone: that is no reason to stop.
  stream.on('error', () => {})
  const log = pino(options, stream)
  const setLevel = (next: LogLevel): void => {
    log.level = next
  }
  const logger = Object.assign(printableLogger(fromPino(log)), { setLevel })
  Object.defineProperty(logger, 'level', { get: () => log.level, enumerable: true })
  return { logger, setLevel }
}

/** A logger for `createBroker({ stack: { logger } })` of one of pino, which wants its fields first. */
export function fromPino(log: PinoLike): Logger {
  const at =
    (level: LogLevel): Logger['error'] =>
    (message, detail) =>
      log[level](bindings(detail), message)
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}

function bindings(detail: unknown): Fields | { err: unknown } {
  if (detail === undefined) return {}
  return typeof detail === 'object' && !(detail instanceof Error) ? (detail as Fields) : { err: detail }
}

async function prettyStream(): Promise<NodeJS.WritableStream> {
  const { default: pretty } = await import('pino-pretty')
  return pretty({
    destination: STDOUT,
    sync: true,
    ignore: 'pid',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  })
}
