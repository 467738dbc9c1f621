/** How often a time was seen, in a bounded table: each row is 2 % above the one before. */

const GROWTH = Math.log(1.02)
/** In ms; what is shorter counts as this. */
const SHORTEST = 0.001
/** Up to 20 minutes. */
const ROWS = 1_050

export class Histogram {
  readonly #rows = new Float64Array(ROWS)
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  /** In ms; below 0, which two clocks can make of a short time, counts as 0. */
  add(time: number): void {
    const row = Math.ceil(Math.log(Math.max(time, SHORTEST) / SHORTEST) / GROWTH)
    this.#rows[Math.min(row, ROWS - 1)]++
    this.#count++
    this.#max = Math.max(this.#max, time)
  }

  /** The time in ms that so much of all was not above: 0.5 for the median; 0 where nothing was seen. */
  quantile(part: number): number {
    let left = Math.max(part * this.#count, 1)
    // What is beyond the table is all in its last row.
    for (let row = 0; row < ROWS - 1; row++) {
      left -= this.#rows[row]
      if (left <= 0) return Math.min(SHORTEST * Math.exp(row * GROWTH), this.#max)
    }
    return this.#max
  }

  /** `p50 0.4, p90 1.2, p99 3.1, max 8.0`, in ms. */
  toString(): string {
    const parts = [0.5, 0.9, 0.99].map((part) => `p${part * 100} ${inMs(this.quantile(part))}`)
    return [...parts, `max ${inMs(this.#max)}`].join(', ')
  }
}

const inMs = (time: number): string => time.toFixed(time < 10 ? 2 : 0)
