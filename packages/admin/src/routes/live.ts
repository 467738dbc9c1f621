/** What is live, as server-sent events. */
import { choice, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'

export const LIVE_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/live',
    role: 'read',
    tag: 'Live',
    summary:
      'Server-sent events: `figures` once a second, `connected` and `disconnected` as clients come and go, and `dropped` with a count where the reader is too slow. Read it with fetch: EventSource sends no token.',
    query: {
      what: usually(choice(['all', 'figures', 'clients'], { doc: 'Which events.' }), 'all'),
    },
    type: 'text/event-stream',
    answer: { type: 'string' },
    run({ query, desk }) {
      const { live, config } = desk
      if (live.size >= config.streams) {
        const detail = `${config.streams} live streams are open already: close one, or raise the option "streams"`
        throw new Problem('too-many', detail, { 'retry-after': '5' })
      }
      const { what } = query
      const body = live.open({ figures: what !== 'clients', clients: what !== 'figures' })
      return new Response(body, {
        headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
      })
    },
  }),
]
