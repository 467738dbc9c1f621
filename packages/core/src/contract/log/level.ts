/** How much is logged, and in what form. */

/** Each level has the lines of those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** The one up to which lines are logged. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Lines for people, or JSON for machines. */
export const LINE_FORMATS = ['lines', 'json'] as const

/** The form of a line. */
export type LineFormat = (typeof LINE_FORMATS)[number]

/** Levels of other loggers: those below `debug`, and those above `error`. */
const MORE: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  verbose: 'debug',
  silly: 'debug',
  fatal: 'error',
  silent: 'error',
}

export function isLogLevel(text: unknown): text is LogLevel {
  return LOG_LEVELS.some((one) => one === text)
}

export function isLineFormat(text: unknown): text is LineFormat {
  return LINE_FORMATS.some((one) => one === text)
}

/** What the level of a logger is here; nothing for one that is not known. */
export function levelOf(text: string): LogLevel | undefined {
  return isLogLevel(text) ? text : Object.hasOwn(MORE, text) ? MORE[text] : undefined
}

/** Whether a line of one level is written where the log stands at another. */
export function isWritten(line: LogLevel, log: LogLevel): boolean {
  return LOG_LEVELS.indexOf(line) <= LOG_LEVELS.indexOf(log)
}
