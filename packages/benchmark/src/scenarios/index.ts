import { filterAttacks } from './attack-filters.ts'
import { memoryAttacks } from './attack-memory.ts'
import { messageAttacks } from './attack-messages.ts'
import { churn } from './churn.ts'
import { clusters } from './cluster.ts'
import { connect, reconnect } from './connect.ts'
import { flows, growth } from './flows.ts'
import { frozen } from './frozen.ts'
import { idle } from './idle.ts'
import { latency } from './latency.ts'
import { retained } from './retained.ts'
import { routing } from './routing.ts'
import type { Scenario } from './scenario.ts'
import { shared } from './shared.ts'
import { storm } from './storm.ts'
import { v5 } from './v5.ts'

/** In the order of the report. */
export const scenarios: readonly Scenario[] = [
  ...flows,
  routing,
  churn,
  ...v5,
  shared,
  ...growth,
  connect,
  reconnect,
  idle,
  storm,
  retained,
  latency,
  frozen,
  ...filterAttacks,
  ...messageAttacks,
  ...memoryAttacks,
  ...clusters,
]

/** What runs when nothing is asked for. */
export const USUAL_SCENARIOS: readonly string[] = ['pair0', 'pair1', 'fanout0']

/** Scenarios by name or group, each once and in the order of the report; `all` is every one of a single broker. */
export function chooseScenarios(names: readonly string[]): readonly Scenario[] {
  const wanted = new Set(names.length > 0 ? names : USUAL_SCENARIOS)
  if (wanted.has('all')) return scenarios.filter(({ nodes }) => nodes === undefined)
  for (const name of wanted) {
    if (!scenarios.some((scenario) => scenario.name === name || scenario.group === name)) {
      throw new Error(`unknown scenario "${name}"; there are ${scenarios.map(({ name }) => name).join(', ')}`)
    }
  }
  return scenarios.filter(({ name, group }) => wanted.has(name) || (group !== undefined && wanted.has(group)))
}
