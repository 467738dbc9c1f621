/** Whose a family is where two middlewares count by one name: that of a built-in is not replaced. */
import type { MetricFamily, Stack, Trace } from '@mqtt-stack/core'

/** Who counts besides the backend, which stands last. */
export const BUILT_IN: ReadonlySet<string> = new Set(['Metrics', 'Authentication', 'OutboundManager'])

/** A family that has the name of a built-in's. */
export interface Foreign {
  readonly family: MetricFamily
  /** The middleware that gives it. */
  readonly by: string
  /** The built-in that counts by this name. */
  readonly owner: string
}

/** Whether a name is given more than once; who gives it is asked for then alone. */
export function hasTwins(given: readonly MetricFamily[]): boolean {
  return new Set(given.map(({ name }) => name)).size < given.length
}

/** Those that somebody else gives by the name of a built-in's. */
export function foreignOf({ middlewares }: Stack, { steps }: Trace<'lookupMetrics'>): readonly Foreign[] {
  const last = middlewares.filter((one) => one.last === true).map(({ name }) => name)
  const isBuiltIn = (name: string): boolean => BUILT_IN.has(name) || last.includes(name)
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
    return owner === undefined || isBuiltIn(by) ? [] : [{ family, by, owner }]
  })
}
