/** The API for operators, what is counted, and who looks on. */
import type { BrokerConfig } from './broker-options.ts'
import { ADMIN, METRICS, TRACING } from './config/sections.ts'
import type { Extra } from './extra.ts'
import { extraOf } from './extra.ts'
import type { Placed, Use } from './order.ts'
import { isPlaced } from './order.ts'
import { portsOfWorker } from './ports-of-worker.ts'
import { version } from './version.ts'

/** It keeps out whom an operator bans: who that is is known behind authentication. */
export const ADMIN_EXTRA: Extra = {
  option: 'admin',
  section: ADMIN,
  place: { after: 'authentication' },
  load: async () => (await import('@mqtt-stack/admin')).Admin,
  complete: portsOfWorker,
}

/** It sees each connection before anybody takes it. */
export const METRICS_EXTRA: Extra = {
  option: 'metrics',
  section: METRICS,
  place: { before: 'packetEmitter' },
  load: async () => (await import('@mqtt-stack/metrics')).Metrics,
  complete: (options) =>
    portsOfWorker({ version: `mqtt-stack version ${version()}`, listen: '', ...options }),
}

/** It sees messages as rules leave them, and before they are kept. */
export const TRACING_EXTRA: Extra = {
  option: 'tracing',
  section: TRACING,
  place: { before: 'retainManager' },
  load: async () => (await import('@mqtt-stack/tracing')).Tracing,
  complete: (options) => options,
}

/**
 * Those that a broker has. An operator wants to follow clients and to ask why: tracing comes with admin, unless somebody
 * in `use` answers that.
 */
export function extrasOf({
  admin,
  metrics,
  use,
  tracing = admin !== false && !isTraced(use),
}: BrokerConfig): {
  readonly first: readonly Placed[]
  readonly last: readonly Placed[]
} {
  return {
    first: extraOf(METRICS_EXTRA, metrics),
    last: [...extraOf(TRACING_EXTRA, tracing), ...extraOf(ADMIN_EXTRA, admin)],
  }
}

function isTraced(use: readonly Use[]): boolean {
  return use.some((one) => (isPlaced(one) ? one.middleware : one).followTraffic !== undefined)
}
