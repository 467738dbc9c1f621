/** What is live, as server-sent events. */
import { isValidTopicFilter } from '@mqtt-stack/core'
import { choice, integer, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { checkRoom, eventsOf } from './streams.ts'

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
    run({ query: { what }, desk }) {
      checkRoom(desk)
      return eventsOf(desk.live.open({ figures: what !== 'clients', clients: what !== 'figures' }))
    },
  }),
  route({
    method: 'GET',
    path: '/api/live/topics',
    role: 'read',
    tag: 'Live',
    summary:
      'Server-sent events `topics`, at most one a second: the newest message of each topic that was published to by way of this node, with the first 256 bytes of its payload, and in `more` how many messages are not among them. Nobody is subscribed for it, and no client can tell that somebody looks on.',
    query: {
      filter: usually(text({ doc: 'Topic filter.', max: 65_535 }), '#'),
      limit: usually(integer({ doc: 'So many topics a second at most.', min: 1, max: 1_000 }), 500),
    },
    type: 'text/event-stream',
    answer: { type: 'string' },
    run({ query: { filter, limit }, desk }) {
      if (!isValidTopicFilter(filter))
        throw new Problem('bad-request', `query: "filter": ${JSON.stringify(filter)} is no topic filter`)
      checkRoom(desk)
      return eventsOf(desk.live.openTopics(filter, limit))
    },
  }),
]
