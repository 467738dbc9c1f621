/** Sessions, connected or away. */
import type { Client, SessionSummary, SubscriptionRecord } from '@mqtt-stack/core'
import { expiryIso } from '../client-state.ts'
import type { Desk } from '../desk.ts'
import { notHere } from '../elsewhere.ts'
import type { JsonSchema } from '../http/fields.ts'
import { choice, integer, optional, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { bytesTold, MESSAGE, messageState, PAGE_BYTES, PAYLOAD } from '../message-state.ts'
import { cursorOf, isText, PAGE, pageOf, placeOfCursor } from '../pages.ts'
import { sessionPage } from '../session-pages.ts'
import { isPlace, pageOfSession, subscriptionPage } from '../subscription-pages.ts'
import { CLIENT_ID } from './clients.ts'

const TAG = 'Sessions'
const count = { type: 'integer', minimum: 0 }

const SESSION: JsonSchema = {
  type: 'object',
  required: ['clientId', 'connected', 'subscriptions', 'messages', 'bytes', 'awaitingRelease'],
  properties: {
    clientId: { type: 'string' },
    identity: { type: 'string' },
    connected: { type: 'boolean' },
    expiresAt: {
      type: 'string',
      format: 'date-time',
      description: 'Absent while it is connected, and for never.',
    },
    subscriptions: count,
    messages: { ...count, description: 'Messages in its log: what waits, and what is not acknowledged.' },
    bytes: { ...count, description: 'Bytes that they take, about.' },
    awaitingRelease: { ...count, description: 'QoS 2 messages of the client that await PUBREL.' },
  },
}

const SUBSCRIPTION: JsonSchema = {
  type: 'object',
  required: ['topic', 'qos'],
  properties: {
    topic: { type: 'string', description: 'Topic filter.' },
    qos: { enum: [0, 1, 2], description: 'Granted.' },
    noLocal: { type: 'boolean' },
    retainAsPublished: { type: 'boolean' },
    identifier: { type: 'integer' },
  },
}

const TERMS = {
  topic: optional(text({ doc: 'A topic name: those alone that would get its messages.', max: 65_535 })),
  search: optional(text({ doc: 'Part of the topic filter.' })),
}

export const SESSION_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/sessions',
    role: 'read',
    tag: TAG,
    summary: 'Sessions of this node, connected or away, in pages, by client identifier.',
    query: {
      ...PAGE,
      search: optional(text({ doc: 'Part of the client identifier or the identity.' })),
      prefix: optional(text({ doc: 'How the client identifier begins.' })),
      identity: optional(text({ doc: 'Sessions of this identity alone.' })),
      connected: optional(choice(['true', 'false'], { doc: 'Those that are connected, or away, alone.' })),
    },
    answer: pageOf(SESSION),
    async run({ query, desk }) {
      const { limit, cursor, connected, ...terms } = query
      const wanted = { ...terms, connected: connected && connected === 'true' }
      const { items, next } = await sessionPage(desk.stack, wanted, placeOfCursor(cursor, isText), limit)
      return { items: items.map((one) => stateOf(one, desk)), next }
    },
  }),
  route({
    method: 'GET',
    path: '/api/sessions/{clientId}',
    role: 'read',
    tag: TAG,
    summary: 'One session of this node. Of one that is on another node of a service, 404 names that node.',
    params: { clientId: CLIENT_ID },
    answer: SESSION,
    run: async ({ params, desk }) => stateOf(await session(desk, params.clientId), desk),
  }),
  route({
    method: 'GET',
    path: '/api/sessions/{clientId}/subscriptions',
    role: 'read',
    tag: TAG,
    summary: 'What a session is subscribed to, in pages, by filter.',
    params: { clientId: CLIENT_ID },
    query: { ...PAGE, ...TERMS },
    answer: pageOf(SUBSCRIPTION),
    async run({ params, query, desk }) {
      await session(desk, params.clientId)
      const { limit, cursor, ...terms } = query
      const after = placeOfCursor(cursor, isText)
      const { items, next } = await pageOfSession(desk.stack, params.clientId, terms, after, limit)
      return { items: items.map(subscriptionState), next }
    },
  }),
  route({
    method: 'GET',
    path: '/api/subscriptions',
    role: 'read',
    tag: TAG,
    summary:
      'Subscriptions of all sessions of this node, in pages, by client identifier. A page looks at 1,000 sessions at most, and may have no items although there is a next one.',
    query: { ...PAGE, ...TERMS },
    answer: pageOf({ ...SUBSCRIPTION, required: ['clientId', 'topic', 'qos'] }),
    async run({ query, desk }) {
      const { limit, cursor, ...terms } = query
      const after = placeOfCursor(cursor, isPlace)
      const { items, next } = await subscriptionPage(desk.stack, terms, after, limit)
      return { items: items.map((one) => ({ clientId: one.clientId, ...subscriptionState(one) })), next }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/sessions/{clientId}/subscriptions',
    role: 'operate',
    tag: TAG,
    summary: 'Takes a subscription away; the client is not told.',
    params: { clientId: CLIENT_ID },
    query: { filter: text({ doc: 'Topic filter, as the client wrote it.', max: 65_535 }) },
    told: ['filter'],
    async run({ params, query, desk }) {
      const ctx = { clientId: params.clientId, topic: query.filter }
      const { existed = false } = await desk.stack.call('endSubscription', ctx)
      if (!existed) {
        await session(desk, params.clientId)
        throw new Problem('not-found', `"${params.clientId}" is not subscribed to "${query.filter}"`)
      }
    },
  }),
  route({
    method: 'GET',
    path: '/api/sessions/{clientId}/queue',
    role: 'read',
    tag: TAG,
    summary:
      'Messages that wait for a client in its log, and those that it has not acknowledged, oldest first.',
    params: { clientId: CLIENT_ID },
    query: { ...PAGE, ...PAYLOAD },
    answer: pageOf(MESSAGE),
    async run({ params, query, desk }) {
      const { clientId } = params
      const { client } = await session(desk, clientId)
      const after = placeOfCursor(query.cursor, Number.isInteger as (place: unknown) => place is number) ?? 0
      const ctx = { client: client as Client, clientId, after, limit: query.limit }
      const found = await desk.stack.call('lookupOfflineMessages', ctx)
      const items: object[] = []
      let bytes = 0
      for (const one of found) {
        if (bytes >= PAGE_BYTES) break
        bytes += bytesTold(one, query.payload)
        const { qos, released } = one
        items.push({ ...messageState(one, desk.stack.clock, query.payload), qos, released })
      }
      const isLast = items.length === found.length && found.length < query.limit
      const last = isLast ? undefined : found[items.length - 1]
      return { items, next: last && cursorOf(last.sequence) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/sessions/{clientId}',
    role: 'operate',
    tag: TAG,
    summary: 'Ends a session of this node: its connection is closed first, if it has one.',
    params: { clientId: CLIENT_ID },
    query: {
      reasonCode: usually(integer({ doc: 'For a 5.0 client; 152 by default.', min: 0x80, max: 0xff }), 0x98),
    },
    told: ['reasonCode'],
    async run({ params, query, desk }) {
      const ctx = { clientId: params.clientId, reasonCode: query.reasonCode as 0x98 }
      const { ended = false } = await desk.stack.call('endSession', ctx)
      if (!ended) throw await unknownSession(desk, params.clientId)
    },
  }),
  route({
    method: 'POST',
    path: '/api/purge',
    role: 'operate',
    tag: TAG,
    summary:
      'Takes messages away that wait: those that meet all terms that are given, of which there must be one. Of what waits for clients, that of this node alone.',
    body: {
      clientId: optional(text({ doc: 'They wait for this client.', max: 65_535 })),
      filter: optional(text({ doc: 'Their topic matches this filter.', max: 65_535 })),
      author: optional(text({ doc: 'The identity of their publisher.' })),
      only: optional(
        choice(['waiting', 'retained', 'wills'], {
          doc: 'Those that wait for a client, retained ones, or wills.',
        }),
      ),
    },
    told: ['clientId', 'filter', 'author', 'only'],
    answer: { type: 'object', properties: { waiting: count, retained: count, wills: count } },
    run({ body, desk }) {
      const { clientId, filter, author, only } = body
      if (clientId === undefined && filter === undefined && author === undefined)
        throw new Problem('bad-request', 'body: one of "clientId", "filter" and "author" must be given')
      return desk.stack.call('purgeMessages', {
        ...(clientId !== undefined && { clientId }),
        ...(filter !== undefined && { filter }),
        ...(author !== undefined && { author: { identity: author } }),
        ...(only !== undefined && { only }),
      })
    },
  }),
]

/** @throws Problem `not-found` */
async function session(desk: Desk, clientId: string): Promise<SessionSummary> {
  const [found] = await desk.stack.call('lookupSessions', { clientId, limit: 1 })
  if (found === undefined) throw await unknownSession(desk, clientId)
  return found
}

function unknownSession(desk: Desk, clientId: string): Promise<Problem> {
  return notHere(desk, { what: 'session', clientId }, `there is no session of "${clientId}" here`)
}

function stateOf(summary: SessionSummary, { stack }: Desk): object {
  const { client: _, epoch: __, expiresAt, ...state } = summary
  return { ...state, expiresAt: expiryIso(stack.clock, expiresAt) }
}

function subscriptionState({ topic, qos, options, identifier }: SubscriptionRecord): object {
  return { topic, qos, noLocal: options.nl === true, retainAsPublished: options.rap === true, identifier }
}
