/** Where a stack writes what a person should read. */
import type { Fields } from './printable.ts'
import { printable, printableError, printableFields } from './printable.ts'

/** `console` fits. `detail` is the error that the line is about, or fields: see {@link Fields}. */
export interface Logger {
  error(message: string, detail?: unknown): void
  warn(message: string, detail?: unknown): void
  info(message: string, detail?: unknown): void
  debug(message: string, detail?: unknown): void
}

/** A logger that hands on printable text alone, so that no client can forge a line. */
export function printableLogger(logger: Logger): Logger {
  const at =
    (level: keyof Logger): Logger['error'] =>
    (message, detail) => {
      if (detail === undefined) logger[level](printable(message))
      else logger[level](printable(message), printableDetail(detail))
    }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}

function printableDetail(detail: unknown): unknown {
  if (detail instanceof Error) return printableError(detail)
  if (typeof detail === 'string') return printable(detail)
  if (typeof detail === 'object' && detail !== null) return printableFields(detail as Fields)
  return detail
}
