/** Asks everybody what they count, and makes of it what exporters can take. */
import type { MetricFamily, MetricSample, Stack } from '@mqtt-stack/core'
import { countedBy } from '@mqtt-stack/core'

/** Whoever has not answered for so long keeps nobody from the rest, in ms. */
const PATIENCE = 5_000
/** What was asked for is handed out again for so long, in ms. */
const FRESH = 1_000
/** Samples of one family; more of a middleware of yours are left out. */
const SAMPLES = 2_000

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/

const TYPES: ReadonlySet<unknown> = new Set(['counter', 'gauge', 'histogram'])

export class Gatherer {
  readonly #stack: Stack
  #families: Promise<readonly MetricFamily[]> | undefined
  #at = Number.NEGATIVE_INFINITY
  /** What was said already of what is wrong. */
  readonly #told = new Set<string>()

  constructor(stack: Stack) {
    this.#stack = stack
  }

  /** All families, each name once; those of a second ago at most. Rejects where somebody does not answer. */
  gather(): Promise<readonly MetricFamily[]> {
    const now = this.#stack.clock.now()
    if (this.#families !== undefined && now - this.#at < FRESH) return this.#families
    this.#at = now
    const families = this.#ask()
    this.#families = families
    // The next who asks is answered anew.
    families.catch(() => {
      if (this.#families === families) this.#families = undefined
    })
    return families
  }

  /** All families but those that have the name of a built-in's. */
  async #ask(): Promise<readonly MetricFamily[]> {
    const { families, foreign } = await this.#inTime(countedBy(this.#stack))
    for (const { family, cause } of foreign) this.#tell(family.name, cause)
    return this.#join(families)
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = this.#stack.clock.after(PATIENCE, () =>
        reject(
          new Error(`a middleware has not said what it counts for ${PATIENCE / 1_000} s (lookupMetrics)`),
        ),
      )
      answer.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  #join(given: readonly MetricFamily[]): MetricFamily[] {
    const families = new Map<string, MetricFamily & { samples: MetricSample[] }>()
    const seen = new Set<string>()
    for (const family of given) {
      const { name, type, help } = family
      const wrong = this.#faultOf(family) ?? (this.#differs(families.get(name), family) && 'is of two types')
      if (wrong) {
        this.#tell(name, wrong)
        continue
      }
      let known = families.get(name)
      if (known === undefined) {
        known = { name, type, help, samples: [] }
        families.set(name, known)
      }
      for (const sample of family.samples) {
        if (known.samples.length >= SAMPLES) break
        const series = keyOf(name, sample)
        // Of two of the same labels the first counts: exporters take no second one.
        if (seen.has(series)) continue
        seen.add(series)
        known.samples.push(sample)
      }
    }
    return [...families.values()]
  }

  #differs(known: MetricFamily | undefined, { type }: MetricFamily): boolean {
    return known !== undefined && known.type !== type
  }

  /** Also of what no compiler has seen. */
  #faultOf({ name, type, samples }: MetricFamily): string | undefined {
    if (!NAME.test(name)) return 'is no name of a metric'
    if (!TYPES.has(type)) return `is of the type ${JSON.stringify(type)}, which is none`
    if (!Array.isArray(samples)) return 'has no list of samples'
    if (!samples.every(isSample))
      return 'has a sample without labels (`{}` is fine), or whose value is no number'
    const label = samples.flatMap(({ labels }) => Object.keys(labels)).find((one) => !LABEL.test(one))
    return label === undefined ? undefined : `has the label ${JSON.stringify(label)}, which is no name of one`
  }

  #tell(name: string, cause: string): void {
    const text = `${name} ${cause}`
    if (this.#told.has(text) || this.#told.size >= 100) return
    this.#told.add(text)
    this.#stack.log.event('metrics.left-out', { metric: JSON.stringify(name), cause })
  }
}

function keyOf(name: string, { labels }: MetricSample): string {
  const pairs = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))
  return JSON.stringify([name, pairs])
}

function isSample(given: unknown): boolean {
  const { labels, value } = (given ?? {}) as { readonly labels?: unknown; readonly value?: unknown }
  return typeof labels === 'object' && labels !== null && typeof value === 'number'
}
