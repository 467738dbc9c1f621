/** The largest of what was seen lately, and of what is looked through. */
import type { Clock, TopEntry } from '@mqtt-stack/core'

/** Keeps the `limit` largest of any number, in bounded memory. */
export class Largest {
  readonly #limit: number
  #entries: TopEntry[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  add(entry: TopEntry): void {
    this.#entries.push(entry)
    // Sorted once for as many as are kept.
    if (this.#entries.length >= 2 * this.#limit + 16) this.#entries = this.list()
  }

  list(limit: number = this.#limit): TopEntry[] {
    return this.#entries.sort((a, b) => b.value - a.value).slice(0, Math.min(limit, this.#limit))
  }
}

/** What is older than two of these is forgotten, in ms. */
const WINDOW = 600_000

/** The largest of the last ten to twenty minutes. */
export class LatelyLargest {
  readonly #clock: Clock
  readonly #limit: number
  #since: number
  #now: Largest
  #before: Largest

  constructor(clock: Clock, limit: number) {
    this.#clock = clock
    this.#limit = limit
    this.#since = clock.now()
    this.#now = new Largest(limit)
    this.#before = new Largest(limit)
  }

  add(entry: TopEntry): void {
    this.#turn()
    this.#now.add(entry)
  }

  list(limit: number): TopEntry[] {
    this.#turn()
    const both = new Largest(this.#limit)
    for (const entry of [...this.#before.list(), ...this.#now.list()]) both.add(entry)
    return both.list(limit)
  }

  #turn(): void {
    const elapsed = this.#clock.now() - this.#since
    if (elapsed < WINDOW) return
    this.#before = elapsed < 2 * WINDOW ? this.#now : new Largest(this.#limit)
    this.#now = new Largest(this.#limit)
    this.#since += elapsed
  }
}
