/** Who was seen most in the last minutes. */
import type { Clock, TopEntry } from '@mqtt-stack/core'
import { rounded } from './rounded.ts'
import { SpaceSaving } from './space-saving.ts'

/** What is older than two of these is forgotten, in ms. */
const WINDOW = 60_000

/** Counts in the last one to two minutes, and says so much a second. */
export class Rates {
  readonly #clock: Clock
  readonly #size: number
  #since: number
  #now: SpaceSaving
  #before: { counts: SpaceSaving; seconds: number } | undefined

  constructor(clock: Clock, size: number) {
    this.#clock = clock
    this.#size = size
    this.#since = clock.now()
    this.#now = new SpaceSaving(size)
  }

  add(name: string, weight: number): void {
    this.#turn()
    this.#now.add(name, weight)
  }

  top(limit: number, unit: string): TopEntry[] {
    this.#turn()
    const elapsed = (this.#clock.now() - this.#since) / 1_000
    const seconds = Math.max(1, elapsed + (this.#before?.seconds ?? 0))
    const sums = new Map<string, { count: number; error: number }>()
    for (const counts of [this.#before?.counts, this.#now])
      for (const { name, count, error } of counts?.top(this.#size) ?? []) {
        const sum = sums.get(name) ?? { count: 0, error: 0 }
        sums.set(name, { count: sum.count + count, error: sum.error + error })
      }
    return [...sums]
      .sort(([, a], [, b]) => b.count - a.count)
      .slice(0, limit)
      .map(([name, { count, error }]) => ({
        name,
        value: rounded(count / seconds),
        unit,
        error: rounded(error / seconds),
      }))
  }

  #turn(): void {
    const now = this.#clock.now()
    const elapsed = now - this.#since
    if (elapsed < WINDOW) return
    // Nobody was seen for longer than what is remembered.
    const before = { counts: this.#now, seconds: elapsed / 1_000 }
    this.#before = elapsed < 2 * WINDOW ? before : undefined
    this.#since = now
    this.#now = new SpaceSaving(this.#size)
  }
}
