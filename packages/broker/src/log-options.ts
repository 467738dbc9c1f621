/** How much is logged, and how. */
import type { LineFormat, Logger, LogLevel, OptionsSpec, StackOptions } from '@mqtt-stack/core'
import { LOG_LEVELS, resolveOptions, StackError } from '@mqtt-stack/core'
import { createLogger } from './logger.ts'

/** How lines are written; `auto`: for people on a terminal. */
export const LOG_FORMATS = ['auto', 'lines', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export interface LogOptions {
  level?: LogLevel
  format?: LogFormat
}

export const LOG_OPTIONS: OptionsSpec<LogOptions> = {
  level: {
    kind: 'string',
    optional: true,
    choices: LOG_LEVELS,
    doc: 'How much is logged; `info` by default.',
  },
  format: {
    kind: 'string',
    optional: true,
    choices: LOG_FORMATS,
    doc: 'Lines for people, or JSON, on standard output; `auto`: lines on a terminal.',
  },
}

/** What `auto` is here. */
export function lineFormatOf(format: LogFormat): LineFormat {
  if (format !== 'auto') return format
  return process.stdout.isTTY === true ? 'lines' : 'json'
}

/**
 * The stack's options with those of the log: a format that nobody's logger has makes one that has it.
 * @throws StackError of options.
 */
export function withLog(stack: StackOptions, options: LogOptions): StackOptions {
  const { level, format } = resolveOptions('createBroker: log', options, LOG_OPTIONS)
  const { logger } = stack
  return {
    ...stack,
    ...(level !== undefined && { logLevel: level }),
    ...(format !== undefined && { logger: formatted(logger, lineFormatOf(format)) }),
  }
}

function formatted(logger: Logger | undefined, format: LineFormat): Logger {
  if (logger === undefined) return createLogger('info', format)
  if (logger.format === undefined)
    throw new StackError(
      'OPTION_INVALID',
      'createBroker: option "log.format" is for the logger that the broker makes, and "stack.logger" is another one: leave one of them out',
    )
  logger.format = format
  return logger
}
