/** Why: what happens to somebody now, why a message did not come, and who has the most of something. */
import type { FollowTerms, Stack } from '@mqtt-stack/core'
import type { Desk } from '../desk.ts'
import { choice, flag, integer, optional, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { LiveStream } from '../live/stream.ts'
import { checkRoom, eventsOf } from './streams.ts'

const TAG = 'Why'

const FINDING = {
  type: 'object',
  required: ['middleware', 'cause', 'text'],
  properties: {
    middleware: { type: 'string', description: 'Who found it.' },
    cause: { type: 'string', description: 'A name that does not change.' },
    text: { type: 'string', description: 'One sentence.' },
    by: { type: 'string', description: 'The middleware that keeps or kept it, where one does.' },
    at: { type: 'number', description: 'Milliseconds since 1970; absent: it is so now.' },
  },
}

export const TRACING_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/trace',
    role: 'operate',
    tag: TAG,
    summary:
      'Follows a client, a topic or an address: server-sent events `traffic`, one a packet or decision, and `over` with why it ended. Wants `@mqtt-stack/tracing`.',
    query: {
      clientId: optional(text({ doc: 'Client identifier; one of the first three is needed.', max: 65_535 })),
      topic: optional(text({ doc: 'Topic filter.', max: 65_535 })),
      address: optional(text({ doc: 'Address, without a port.' })),
      seconds: usually(integer({ doc: 'For how long.', min: 1, max: 3_600 }), 60),
      events: usually(integer({ doc: 'How many events at most.', min: 1, max: 100_000 }), 1_000),
      payloads: usually(flag({ doc: 'Whether payloads and user properties are shown.' }), false),
    },
    type: 'text/event-stream',
    answer: { type: 'string' },
    async run({ query, desk }) {
      checkRoom(desk)
      return eventsOf(await follow(desk, query))
    },
  }),
  route({
    method: 'GET',
    path: '/api/why',
    role: 'read',
    tag: TAG,
    summary:
      'Why messages on a topic did not come to a client: what is in the way now, and what was lately. An empty list: nothing is. Wants `@mqtt-stack/tracing`.',
    query: {
      topic: text({ doc: 'Topic name.', max: 65_535 }),
      to: text({ doc: 'Client identifier of who should have got it.', max: 65_535 }),
      from: optional(text({ doc: 'Client identifier of the publisher.', max: 65_535 })),
    },
    answer: { type: 'array', items: FINDING },
    run({ query: { topic, to, from }, desk: { stack } }) {
      check(stack, 'explainDelivery')
      return stack.call('explainDelivery', { topic, clientId: to, publisherId: from })
    },
  }),
  route({
    method: 'GET',
    path: '/api/top/{list}',
    role: 'read',
    tag: TAG,
    summary: 'The largest of something, the first of them first. Wants `@mqtt-stack/metrics`.',
    params: {
      list: choice(['topics', 'publishers', 'slow-subscribers', 'queues', 'retained-scans'], {
        doc: 'Of what.',
      }),
    },
    query: { limit: usually(integer({ doc: 'How many.', min: 1, max: 100 }), 10) },
    answer: { type: 'array', items: { type: 'object' } },
    run({ params: { list }, query: { limit }, desk: { stack } }) {
      check(stack, 'lookupTop')
      return stack.call('lookupTop', { list, limit })
    },
  }),
]

const PACKAGES = {
  followTraffic: '@mqtt-stack/tracing',
  explainDelivery: '@mqtt-stack/tracing',
  lookupTop: '@mqtt-stack/metrics',
} as const

/** @throws Problem `not-available` */
function check(stack: Stack, callback: keyof typeof PACKAGES): void {
  if (stack.answers(callback)) return
  throw new Problem('not-available', `nobody here answers that: add ${PACKAGES[callback]} to the stack`)
}

async function follow({ stack, live }: Desk, terms: FollowTerms): Promise<ReadableStream<Uint8Array>> {
  check(stack, 'followTraffic')
  let end: (() => void) | undefined
  const leave = live.takePlace()
  const stream = new LiveStream(() => {
    leave()
    end?.()
  })
  const see = (event: object): void => stream.push('traffic', event)
  const over = (why: string): void => {
    stream.push('over', { why })
    stream.finish()
  }
  try {
    ;({ end } = await stack.call('followTraffic', { terms, see, over }))
  } catch (error) {
    leave()
    throw error
  }
  return stream.body
}
