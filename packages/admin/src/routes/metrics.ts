/** All that is counted and measured. */
import type { MetricFamily, Stack } from '@mqtt-stack/core'
import { countedBy } from '@mqtt-stack/core'
import type { Desk } from '../desk.ts'
import { EXPOSITION, exposition, faultOf } from '../exposition.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'

const TAG = 'Metrics'

/** What is left out, as it was said already; of each stack. */
const told = new WeakMap<Stack, Set<string>>()
/** So much is said at most. */
const TELLINGS = 100

function tell({ stack }: Desk, name: unknown, cause: string): void {
  const said = told.get(stack) ?? new Set()
  told.set(stack, said)
  const metric = JSON.stringify(name) ?? 'nothing'
  if (said.size >= TELLINGS || said.has(metric)) return
  said.add(metric)
  stack.log.event('metrics.left-out', { metric, cause })
}

/** All families but those that have the name of a built-in's. */
async function familiesOf(desk: Desk): Promise<readonly MetricFamily[]> {
  const { families, foreign } = await countedBy(desk.stack)
  for (const { family, cause } of foreign) tell(desk, family.name, cause)
  return families
}

export const METRIC_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/metrics',
    role: 'read',
    tag: TAG,
    summary:
      'All that middlewares count and measure, as families of samples. Most of it is said by `@mqtt-stack/metrics`.',
    answer: { type: 'array', items: { type: 'object' } },
    run: ({ desk }) => familiesOf(desk),
  }),
  route({
    method: 'GET',
    path: '/metrics',
    role: 'read',
    tag: TAG,
    summary: 'The same for Prometheus.',
    type: 'text/plain',
    answer: { type: 'string' },
    open: true,
    async run({ desk }) {
      const families = await familiesOf(desk)
      for (const family of families) {
        const cause = faultOf(family)
        if (cause !== undefined) tell(desk, family.name, cause)
      }
      return new Response(exposition(families), { headers: { 'content-type': EXPOSITION } })
    },
  }),
]
