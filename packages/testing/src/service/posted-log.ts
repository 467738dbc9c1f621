import type { Clock, Timer } from '@mqtt-stack/core'
import type { Posted } from '@mqtt-stack/core/backend'

/** What waits for an entry gives up after this long, in ms. */
const WAIT = 1_000
/** Digits of a position: so many that later ones are greater as strings too. */
const DIGITS = 16

/** Entries in their order, and who waits for the next one. */
export class PostedLog {
  readonly #clock: Clock
  #entries: Posted[] = []
  #count = 0
  readonly #waiters = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many entries there are. */
  get size(): number {
    return this.#entries.length
  }

  /** How many bytes they have. */
  get bytes(): number {
    return this.#entries.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  /** The position of the newest entry that there was; `''` where there was none. */
  get position(): string {
    return this.#count === 0 ? '' : positionOf(this.#count)
  }

  /** @returns Its position. */
  add(bytes: Uint8Array): string {
    const position = positionOf(++this.#count)
    this.#entries.push({ position, bytes: Uint8Array.from(bytes) })
    this.wake()
    return position
  }

  behind(after: string, limit: number): readonly Posted[] {
    const first = this.#entries.findIndex(({ position }) => position > after)
    return first < 0 ? [] : this.#entries.slice(first, first + limit)
  }

  /** Whether an entry behind this position has gone. */
  hasGap(after: string): boolean {
    const oldest = this.#count - this.#entries.length
    return oldest > 0 && after < positionOf(oldest)
  }

  trim(upTo: string): void {
    this.#entries = this.#entries.filter(({ position }) => position > upTo)
  }

  /** Only the newest ones stay. */
  keep(entries: number): void {
    if (this.#entries.length > entries) this.#entries = this.#entries.slice(-entries)
  }

  /** Fulfils with the next entry, or after a second of the clock, or when it is woken. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined
      const end = (): void => {
        this.#waiters.delete(end)
        timer?.cancel()
        resolve()
      }
      this.#waiters.add(end)
      timer = this.#clock.after(WAIT, end)
    })
  }

  /** Whoever waits looks again. */
  wake(): void {
    for (const end of [...this.#waiters]) end()
  }
}

function positionOf(count: number): string {
  return String(count).padStart(DIGITS, '0')
}
