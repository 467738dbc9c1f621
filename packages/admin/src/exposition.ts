/** Metrics as Prometheus reads them: the text format, version 0.0.4. */
import type { MetricFamily, MetricSample } from '@mqtt-stack/core'

/** What it is served as. */
export const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8'

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/
const TYPES: ReadonlySet<unknown> = new Set(['counter', 'gauge', 'histogram'])

/** What is wrong with a family, if anything: no compiler has seen what other people’s middlewares say. */
export function faultOf({ name, type, help, samples }: MetricFamily): string | undefined {
  if (!NAME.test(name)) return 'is no name of a metric'
  if (!TYPES.has(type)) return `is of the type ${JSON.stringify(type)}, which is none`
  if (typeof help !== 'string' || !Array.isArray(samples)) return 'has no help, or no list of samples'
  if (!samples.every(isSample)) return 'has a sample whose labels are none, or whose value is no number'
  return undefined
}

function isSample(given: unknown): boolean {
  const { labels, value, count = 0, buckets = [] } = (given ?? {}) as Partial<MetricSample>
  return (
    typeof labels === 'object' &&
    labels !== null &&
    Object.entries(labels).every(([label, text]) => LABEL.test(label) && typeof text === 'string') &&
    typeof value === 'number' &&
    typeof count === 'number' &&
    Array.isArray(buckets) &&
    buckets.every((one) => Array.isArray(one) && one.every((part) => typeof part === 'number'))
  )
}

/** Families of one name are one: several middlewares may say the same. */
export function exposition(families: readonly MetricFamily[]): string {
  const byName = new Map<string, MetricFamily>()
  for (const one of families) {
    if (faultOf(one) !== undefined) continue
    const known = byName.get(one.name)
    byName.set(
      one.name,
      known === undefined ? one : { ...known, samples: [...known.samples, ...one.samples] },
    )
  }
  return [...byName.values()].flatMap(linesOf).join('')
}

function linesOf({ name, type, help, samples }: MetricFamily): string[] {
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
  const lines = samples.flatMap((one) =>
    type === 'histogram' ? histogram(name, one) : [line(name, one.labels, one.value)],
  )
  return [head, ...lines]
}

function histogram(name: string, { labels, value, count = 0, buckets = [] }: MetricSample): string[] {
  const bounds = [...buckets, [Number.POSITIVE_INFINITY, count] as const]
  const all = bounds.map(([bound, held]) => line(`${name}_bucket`, { ...labels, le: numberOf(bound) }, held))
  return [...all, line(`${name}_sum`, labels, value), line(`${name}_count`, labels, count)]
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberOf(value)}\n`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberOf(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : `${value}`
}
