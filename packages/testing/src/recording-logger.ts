/** A logger that prints nothing and remembers all. */
import type { Logger, LogLevel } from '@mqtt-stack/core'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  /** What stands behind the message: the fields of an event, or what a line without a name was about. */
  readonly cause: unknown
}

export class RecordingLogger implements Logger {
  /** Everything logged, oldest first. */
  readonly lines: LogLine[] = []
  /** How much is logged; `stack.log.level` sets it. */
  level: LogLevel

  constructor(level: LogLevel = 'info') {
    this.level = level
  }

  /** What was logged as an error. */
  get errors(): string[] {
    return this.#messages('error')
  }

  /** What was logged as a warning. */
  get warnings(): string[] {
    return this.#messages('warn')
  }

  /** The fields of the lines of one event: `client.refused`. */
  events(name: string): Readonly<Record<string, unknown>>[] {
    const all = this.lines.map(({ cause }) => (cause ?? {}) as Record<string, unknown>)
    return all.filter(({ event }) => event === name)
  }

  error(message: string, cause?: unknown): void {
    this.lines.push({ level: 'error', message, cause })
  }

  warn(message: string, cause?: unknown): void {
    this.lines.push({ level: 'warn', message, cause })
  }

  info(message: string, cause?: unknown): void {
    this.lines.push({ level: 'info', message, cause })
  }

  debug(message: string, cause?: unknown): void {
    this.lines.push({ level: 'debug', message, cause })
  }

  #messages(level: LogLevel): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message)
  }
}
