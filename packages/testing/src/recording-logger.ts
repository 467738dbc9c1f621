/** A logger that prints nothing and remembers all. */
import type { Logger } from '@mqtt-stack/core'

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly message: string
  readonly cause: unknown
}

export class RecordingLogger implements Logger {
  /** Everything logged, oldest first. */
  readonly lines: LogLine[] = []

  /** What was logged as an error. */
  get errors(): string[] {
    return this.#messages('error')
  }

  /** What was logged as a warning. */
  get warnings(): string[] {
    return this.#messages('warn')
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

  #messages(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message)
  }
}
