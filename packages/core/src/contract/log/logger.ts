/** Where a stack writes what a person should read. */
import type { LineFormat } from './level.ts'
import { loggable, loggableError, loggableFields } from './printable.ts'

/**
 * `console` fits. `detail` is the error that the line is about, or fields: see `Fields`. A line of the stack's own has the
 * name of its event as `event` and, where it is about an error, that as `err`.
 */
export interface Logger {
  error(message: string, detail?: unknown): void
  warn(message: string, detail?: unknown): void
  info(message: string, detail?: unknown): void
  debug(message: string, detail?: unknown): void
  /** Where it is text, as that of winston and `fromPino` is: how much it writes, which may be set. */
  level?: unknown
  /** Where it is there: how it writes, which may be set. */
  format?: LineFormat | undefined
}

/** A logger that hands on printable text alone, so that no client can forge a line; and no secret that can be told from text. */
export function printableLogger(logger: Logger): Logger {
  const at =
    (level: 'error' | 'warn' | 'info' | 'debug'): Logger['error'] =>
    (message, detail) => {
      if (detail === undefined) logger[level](loggable(message))
      else logger[level](loggable(message), loggableDetail(detail))
    }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}

function loggableDetail(detail: unknown): unknown {
  if (detail instanceof Error) return loggableError(detail)
  if (typeof detail === 'string') return loggable(detail)
  if (typeof detail === 'object' && detail !== null) return loggableFields(detail)
  return detail
}
