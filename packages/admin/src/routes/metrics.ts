/** All that is counted and measured. */
import { EXPOSITION, exposition } from '../exposition.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'

const TAG = 'Metrics'

export const METRIC_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/metrics',
    role: 'read',
    tag: TAG,
    summary:
      'All that middlewares count and measure, as families of samples. Most of it is said by `@mqtt-stack/metrics`.',
    answer: { type: 'array', items: { type: 'object' } },
    run: ({ desk }) => desk.stack.call('lookupMetrics', {}),
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
      const families = await desk.stack.call('lookupMetrics', {})
      return new Response(exposition(families), { headers: { 'content-type': EXPOSITION } })
    },
  }),
]
