/** All families in a registry of prom-client: our own, not its global one. */
import type { MetricFamily, MetricSample } from '@mqtt-stack/core'
import type { Metric, Registry } from 'prom-client'

/** A value as prom-client prints it. */
interface Value {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  readonly metricName?: string
}

type Gather = () => Promise<readonly MetricFamily[]>

/** A family as prom-client sees a metric: it is asked when it is printed. */
class FamilyMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator = 'sum'
  readonly #gather: Gather

  constructor({ name, help, type }: MetricFamily, gather: Gather) {
    this.name = name
    this.help = help
    this.type = type
    this.#gather = gather
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this
    const family = (await this.#gather()).find((one) => one.name === name)
    const samples = family?.samples ?? []
    const values = samples.flatMap((sample): Value[] =>
      type === 'histogram' ? expand(name, sample) : [sample],
    )
    return { name, help, type, aggregator, values }
  }

  /** Counts are kept elsewhere. */
  reset(): void {}
}

/** Registers what there is, and what comes later at its first time. */
export class Prometheus {
  readonly registry: Registry
  readonly #gather: Gather
  readonly #known = new Set<string>()

  constructor(registry: Registry, gather: Gather) {
    this.registry = registry
    this.#gather = gather
  }

  /** The text for `/metrics`. */
  async text(): Promise<string> {
    await this.refresh()
    return await this.registry.metrics()
  }

  /** Registers families that were not there before. */
  async refresh(): Promise<void> {
    for (const family of await this.#gather()) {
      if (this.#known.has(family.name)) continue
      this.#known.add(family.name)
      this.registry.registerMetric(new FamilyMetric(family, this.#gather) as unknown as Metric)
    }
  }
}

function expand(name: string, { labels, value, count = 0, buckets = [] }: MetricSample): Value[] {
  const bounded = buckets.map(([bound, counted]) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: bound },
    value: counted,
  }))
  return [
    ...bounded,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
