/** Whose a family is where two middlewares count by one name: that of a built-in is not replaced. */
import type { MetricFamily } from './metric.ts'
import type { Stack } from './stack.ts'
import type { Trace } from './trace.ts'

/** Who counts of the built-ins, besides the backend, which stands last. */
export const COUNTING: ReadonlySet<string> = new Set(['Metrics', 'Authentication', 'OutboundManager'])

/** A family that has the name of a built-in's. */
export interface ForeignFamily {
  readonly family: MetricFamily
  /** Why it is left out, in words for `metrics.left-out`. */
  readonly cause: string
}

/** What a stack counts. */
export interface Counted {
  readonly families: readonly MetricFamily[]
  /** What is left out of them. */
  readonly foreign: readonly ForeignFamily[]
}

/**
 * Asks all what they count (`lookupMetrics`). What somebody else gives by the name of a built-in's family is left out; where
 * others share a name, their families stand side by side. Who gives what is asked for only where a name comes twice.
 * @throws What `stack.call` throws.
 */
export async function countedBy(stack: Stack): Promise<Counted> {
  const given = await stack.call('lookupMetrics', {})
  if (new Set(given.map(({ name }) => name)).size === given.length) return { families: given, foreign: [] }
  const trace = await stack.trace('lookupMetrics', {})
  const foreign = foreignOf(stack, trace)
  const left = new Set(foreign.map(({ family }) => family))
  return { families: trace.store.filter((family) => !left.has(family)), foreign }
}

function foreignOf({ middlewares }: Stack, { steps }: Trace<'lookupMetrics'>): readonly ForeignFamily[] {
  const last = middlewares.filter((one) => one.last === true).map(({ name }) => name)
  const isBuiltIn = (name: string): boolean => COUNTING.has(name) || last.includes(name)
  // Whoever puts its own before those of others has changed all places of the list.
  const seen = new Set<MetricFamily>()
  const given = steps.flatMap(({ middleware, said }) => {
    const own = (Object.values(said) as MetricFamily[]).filter((family) => !seen.has(family))
    for (const family of own) seen.add(family)
    return own.map((family) => ({ family, by: middleware }))
  })
  const owners = new Map(given.filter(({ by }) => isBuiltIn(by)).map(({ family, by }) => [family.name, by]))
  return given.flatMap(({ family, by }) => {
    const owner = owners.get(family.name)
    if (owner === undefined || isBuiltIn(by)) return []
    return [{ family, cause: `of ${by} has the name of one that ${owner} counts: choose another name` }]
  })
}
