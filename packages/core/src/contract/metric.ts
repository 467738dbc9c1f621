/** What can be counted and measured: the form in which middlewares say it, and exporters read it. */

/** `counter`: it only grows; `gauge`: it is what it is now; `histogram`: how often values of what size were seen. */
export type MetricType = 'counter' | 'gauge' | 'histogram'

/** One number of a family, or one histogram. */
export interface MetricSample {
  /** Tell the samples of a family apart. Few, and none that a client chooses: each value is a series that is kept. */
  readonly labels: Readonly<Record<string, string>>
  /** The number; of a histogram the sum of all that was seen. */
  readonly value: number
  /** Of a histogram: how much was seen. */
  readonly count?: number
  /** Of a histogram: how much was at most so large, from the smallest bound to the largest; each has those before it. */
  readonly buckets?: readonly (readonly [bound: number, count: number])[]
}

/**
 * Samples of one name. Names are those of Prometheus: `mqtt_clients_connected`, with `_total` behind counters and the unit
 * (`_seconds`, `_bytes`) before it. The same name may be said by several middlewares: their samples stand side by side.
 */
export interface MetricFamily {
  readonly name: string
  readonly type: MetricType
  /** What it is, in one sentence. */
  readonly help: string
  readonly samples: readonly MetricSample[]
}
