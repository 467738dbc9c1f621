/** The parts of a configuration that change by themselves, and who is made of each. */
import { builtInName } from '../built-ins.ts'
import { ORDER } from '../order.ts'
import type { ConfigValue } from './config-value.ts'
import type { Path } from './parsed.ts'
import type { ProviderName } from './sections.ts'
import { ACL, ADMIN, LIMITS, METRICS, PROVIDERS, TRACING } from './sections.ts'

export interface Part {
  /** `['auth', 'password']`. */
  readonly path: Path
  readonly value: unknown
}

/** Sections whose keys are parts. */
const OF_PARTS: ReadonlySet<string> = new Set(['auth', 'log'])

export function partsOf(value: ConfigValue): Part[] {
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .flatMap(([key, one]) =>
      OF_PARTS.has(key)
        ? Object.entries(one as object).map(([inner, part]) => ({ path: [key, inner], value: part }))
        : [{ path: [key], value: key === 'acl' ? { ...(one as object), listeners: namesOf(value) } : one }],
    )
}

/** Rules are for listeners, by their names: where those are others the rules are looked at again. */
function namesOf({ listeners = [] }: ConfigValue): readonly (string | undefined)[] {
  return listeners.map(({ name }) => name)
}

/** The name of the middleware that a part has the options of. */
export function makerOf([section, inner]: Path): string | undefined {
  if (section === 'auth') return PROVIDERS[inner as ProviderName]?.class
  if (section === 'acl') return ACL.class
  if (section === 'limits') return LIMITS.class
  if (section === 'admin') return ADMIN.class
  if (section === 'metrics') return METRICS.class
  if (section === 'tracing') return TRACING.class
  const place = ORDER.find((one) => one === section)
  return place && builtInName(place)
}

/** Whether a part has the options of a place of the default stack. */
export function isPlace([section]: Path): boolean {
  return ORDER.some((one) => one === section)
}
