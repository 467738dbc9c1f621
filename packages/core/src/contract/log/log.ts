/** The log of a stack, as middlewares see it. */
import type { LineFormat, LogLevel } from './level.ts'
import type { LogEvents } from './log-events.ts'
import type { FieldsOf, LogTable } from './log-row.ts'
import type { Logger } from './logger.ts'

/**
 * Writes lines that have a name and fields, out of a table: `docs/log.md` is printed from that of the built-ins. Its four
 * methods of a {@link Logger} write lines that have no name.
 */
export interface Log<Events extends LogTable = LogEvents> extends Logger {
  /** How much is written; may be set at any time, and is then set at the logger too where that has a level. @throws StackError `OPTION_INVALID`. */
  level: LogLevel
  /**
   * How it is written; nothing where the logger does not say. @throws StackError `OPTION_INVALID` when it is set there.
   */
  get format(): LineFormat | undefined
  set format(format: LineFormat)
  /**
   * Writes the line of an event, unless its level is off. In the long run so many of one name are written each second as
   * the option `logLines` says; the others are counted, and told once a second by `log.limited`.
   * @param fields What the table names. A function is called only where the line is written.
   * @param error What it is about, with its stack trace.
   * @throws StackError `LOG_EVENT_INVALID` for a name that is not in the table.
   */
  event<Name extends keyof Events & string>(
    name: Name,
    fields: FieldsOf<Events[Name]> | (() => FieldsOf<Events[Name]>),
    error?: Error,
  ): void
  /** Whether lines of a level are written now. */
  writes(level: LogLevel): boolean
  /**
   * The same log for events of your own: made once, in `start()`.
   * @throws StackError `LOG_EVENT_INVALID`.
   */
  with<Own extends LogTable>(events: Own): Log<Own>
  /** Calls `listener` whenever the level was set. @returns What ends that. */
  onLevel(listener: (level: LogLevel) => void): () => void
  /** Tells now of the lines that were left out. */
  flush(): void
}
