/** All families as instruments of OpenTelemetry, which are read when its SDK reads them. */
import type { MetricFamily, MetricSample } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Meter, MeterProvider, Observable, ObservableResult } from './meter.ts'

const SCOPE = '@mqtt-stack/metrics'
const UNITS: readonly (readonly [ending: string, unit: string])[] = [
  ['_seconds', 's'],
  ['_bytes', 'By'],
  ['_ratio', '1'],
]

type Gather = () => Promise<readonly MetricFamily[]>
type Read = (sample: MetricSample, result: ObservableResult) => void

/** @throws StackError `OPTION_INVALID` where the API is not installed, or is no provider. */
export async function meterOf(given: true | MeterProvider): Promise<Meter> {
  if (given !== true) return given.getMeter(SCOPE)
  try {
    const { metrics } = await import('@opentelemetry/api')
    return metrics.getMeter(SCOPE)
  } catch (cause) {
    throw new StackError(
      'OPTION_INVALID',
      'Metrics: option "openTelemetry" needs the package @opentelemetry/api: npm install @opentelemetry/api',
      { cause },
    )
  }
}

/**
 * Counters are observable counters, and so on. OpenTelemetry has no histogram that is observed: of ours it gets `_count`, `_sum`
 * and `_bucket` with the attribute `le`, as Prometheus does.
 */
export class OpenTelemetry {
  readonly #meter: Meter
  readonly #gather: Gather
  readonly #instruments = new Map<
    string,
    { instrument: Observable; callback: (result: ObservableResult) => Promise<void> }
  >()
  readonly #fail: (error: Error) => void

  constructor(meter: Meter, gather: Gather, fail: (error: Error) => void) {
    this.#meter = meter
    this.#gather = gather
    this.#fail = fail
  }

  /** Makes instruments of families that were not there before. */
  async refresh(): Promise<void> {
    for (const family of await this.#gather()) this.#add(family)
  }

  stop(): void {
    for (const { instrument, callback } of this.#instruments.values()) instrument.removeCallback(callback)
    this.#instruments.clear()
  }

  #add(family: MetricFamily): void {
    const { name, type } = family
    if (type !== 'histogram') {
      this.#observe(family, name.replace(/_total$/, ''), type === 'counter', ({ value, labels }, result) =>
        result.observe(value, labels),
      )
      return
    }
    this.#observe(family, `${name}_count`, true, ({ count = 0, labels }, result) =>
      result.observe(count, labels),
    )
    this.#observe(family, `${name}_sum`, true, ({ value, labels }, result) => result.observe(value, labels))
    this.#observe(family, `${name}_bucket`, true, ({ buckets = [], count = 0, labels }, result) => {
      for (const [bound, counted] of buckets) result.observe(counted, { ...labels, le: String(bound) })
      result.observe(count, { ...labels, le: '+Inf' })
    })
  }

  #observe({ name: family, help }: MetricFamily, name: string, grows: boolean, read: Read): void {
    if (this.#instruments.has(name)) return
    const options = { description: help, unit: unitOf(name) }
    const instrument = grows
      ? this.#meter.createObservableCounter(name, options)
      : this.#meter.createObservableGauge(name, options)
    const callback = async (result: ObservableResult): Promise<void> => {
      try {
        const families = await this.#gather()
        for (const sample of families.find((one) => one.name === family)?.samples ?? []) read(sample, result)
        // What somebody counts since is there at the next time.
        for (const one of families) this.#add(one)
      } catch (error) {
        this.#fail(error as Error)
      }
    }
    instrument.addCallback(callback)
    this.#instruments.set(name, { instrument, callback })
  }
}

function unitOf(name: string): string {
  if (/_(?:count|bucket)$/.test(name)) return ''
  const bare = name.replace(/_(?:total|sum)$/, '')
  return UNITS.find(([ending]) => bare.endsWith(ending))?.[1] ?? ''
}
