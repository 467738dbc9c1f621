/** A flood of lines must not fill a disk, whoever causes it. */
import type { Clock, Timer } from '../../time/index.ts'
import type { LogLevel } from './level.ts'

const SECOND = 1_000
/** As many lines of one event as these seconds bring may be written at once. */
const BURST = 10
/** Whoever asks for `debug` wants to see much. */
const MORE_OF_DEBUG = 100

/** What was left out since the last time. */
export interface LeftOut {
  readonly event: string
  readonly level: LogLevel
  readonly count: number
}

/** The lines of one event that may still be written. */
interface Allowance {
  readonly level: LogLevel
  left: number
  at: number
  leftOut: number
}

/** Lets some lines of each event through, and counts the others. */
export class LineLimit {
  readonly #clock: Clock
  readonly #lines: number
  readonly #tell: (leftOut: LeftOut) => void
  readonly #byEvent = new Map<string, Allowance>()
  #timer: Timer | undefined

  /**
   * @param lines Of one event each second, in the long run.
   * @param tell Is told once a second of each event that had more.
   */
  constructor(clock: Clock, lines: number, tell: (leftOut: LeftOut) => void) {
    this.#clock = clock
    this.#lines = lines
    this.#tell = tell
  }

  /** Whether one more line may be written; otherwise it is counted. */
  takes(event: string, level: LogLevel): boolean {
    const now = this.#clock.now()
    const rate = level === 'debug' ? this.#lines * MORE_OF_DEBUG : this.#lines
    let allowance = this.#byEvent.get(event)
    if (allowance === undefined) {
      allowance = { level, left: rate * BURST, at: now, leftOut: 0 }
      this.#byEvent.set(event, allowance)
    }
    const back = ((now - allowance.at) / SECOND) * rate
    allowance.left = Math.min(rate * BURST, allowance.left + back)
    allowance.at = now
    if (allowance.left >= 1) {
      allowance.left--
      return true
    }
    allowance.leftOut++
    this.#timer ??= this.#clock.after(SECOND, () => this.flush())
    return false
  }

  /** Tells of what was left out. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const [event, allowance] of this.#byEvent) {
      const { level, leftOut: count } = allowance
      allowance.leftOut = 0
      if (count > 0) this.#tell({ event, level, count })
    }
  }
}
