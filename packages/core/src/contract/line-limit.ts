/** Lines of a log that strangers can cause: a flood of them must not fill a disk. */
import type { Clock, Timer } from '../time/index.ts'
import type { Logger } from './logger.ts'
import type { Fields } from './printable.ts'

/** Lines a second. */
const LINES = 100
const SECOND = 1_000

/** Writes up to {@link LINES} lines a second at `info`; one more tells how many there were besides. */
export class LineLimit {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #what: string
  #written = 0
  #left = 0
  #timer: Timer | undefined

  /** @param what Names the lines, for the one that tells of those that were left out. */
  constructor(log: Logger, clock: Clock, what: string) {
    this.#log = log
    this.#clock = clock
    this.#what = what
  }

  /** @param fields Made only where the line is written. */
  write(message: string, fields: () => Fields): void {
    this.#timer ??= this.#clock.after(SECOND, () => this.flush())
    if (this.#written < LINES) {
      this.#written++
      this.#log.info(message, fields())
    } else this.#left++
  }

  /** Tells of what was left out, and begins anew. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#left > 0) this.#log.info(`${this.#left} more ${this.#what}`, { count: this.#left })
    this.#written = 0
    this.#left = 0
  }
}
