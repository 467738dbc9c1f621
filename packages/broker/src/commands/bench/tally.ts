/** Something that is counted: how many, how many since the last line, and over which time. */
import { performance } from 'node:perf_hooks'

export class Tally {
  #count = 0
  #told = 0
  #first = 0
  #last = 0

  get count(): number {
    return this.#count
  }

  add(): void {
    this.#last = performance.now()
    if (this.#count++ === 0) this.#first = this.#last
  }

  /** `1200 (+100)`: what was added since this was asked before. */
  step(): string {
    const added = this.#count - this.#told
    this.#told = this.#count
    return `${this.#count} (+${added})`
  }

  /** `1200 in 1.2 s, 1000/s`: from the first to the last. */
  total(): string {
    const seconds = (this.#last - this.#first) / 1_000
    const rate = seconds > 0 ? `, ${Math.round((this.#count - 1) / seconds)}/s` : ''
    return `${this.#count} in ${seconds.toFixed(1)} s${rate}`
  }
}
