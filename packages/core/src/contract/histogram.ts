/** How often values of what size were seen, in a few buckets. */
import type { MetricFamily, MetricSample } from './metric.ts'

/** Bounds for times, in seconds: from a tenth of a millisecond to ten seconds. */
export const SECONDS: readonly number[] = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
]
/** Bounds for amounts: powers of ten with a third between. */
export const AMOUNTS: readonly number[] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000]

/** For `lookupMetrics`: `observe` what was measured, and push `family(name, help)`. */
export class Histogram {
  readonly #bounds: readonly number[]
  /** For each bound, and for what is above all. */
  readonly #counts: Float64Array
  #sum = 0
  #count = 0

  /** @param bounds From the smallest to the largest; {@link SECONDS} by default. */
  constructor(bounds: readonly number[] = SECONDS) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** @param weight For how many it stands. */
  observe(value: number, weight: number = 1): void {
    const bounds = this.#bounds
    let at = 0
    while (at < bounds.length && value > bounds[at]) at++
    this.#counts[at] += weight
    this.#sum += value * weight
    this.#count += weight
  }

  sample(labels: Readonly<Record<string, string>> = {}): MetricSample {
    const buckets: [number, number][] = []
    let count = 0
    this.#bounds.forEach((bound, i) => {
      count += this.#counts[i]
      buckets.push([bound, count])
    })
    return { labels, value: this.#sum, count: this.#count, buckets }
  }

  family(name: string, help: string): MetricFamily {
    return { name, type: 'histogram', help, samples: [this.sample()] }
  }
}
