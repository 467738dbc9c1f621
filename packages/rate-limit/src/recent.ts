/** Entries by a key that strangers choose: no more than a number of them, and none that was not used for a while. */

/** Keys that a table remembers; the one that was used least lately makes room. */
const ENTRIES = 10_000

interface Entry<Value> {
  readonly value: Value
  at: number
}

export class Recent<Value> {
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #idle: number
  readonly #most: number

  /** @param idle Milliseconds without use after which an entry is forgotten. */
  constructor(idle: number, most: number = ENTRIES) {
    this.#idle = idle
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** What there is for a key; looking is no use. */
  get(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key)
    return entry === undefined || now - entry.at >= this.#idle ? undefined : entry.value
  }

  /** Uses a key's entry, which is made where there is none. */
  use(key: string, now: number, make: () => Value): Value {
    const value = this.get(key, now) ?? make()
    this.#entries.delete(key)
    this.#entries.set(key, { value, at: now })
    if (this.#entries.size > this.#most) this.#dropFirst()
    return value
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** Forgets what was not used for a while. */
  sweep(now: number): void {
    for (const [key, { at }] of this.#entries) {
      if (now - at < this.#idle) return
      this.#entries.delete(key)
    }
  }

  #dropFirst(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key)
      return
    }
  }
}
