/** Retained messages, and publishing. */
import { Buffer } from 'node:buffer'
import type { PublishInit } from '@mqtt-stack/core'
import { ownMessage, RelayStore, retainedMessages } from '@mqtt-stack/core'
import type { JsonSchema } from '../http/fields.ts'
import { choice, flag, integer, optional, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { bytesTold, MESSAGE, messageState, PAGE_BYTES, PAYLOAD } from '../message-state.ts'
import { cursorOf, isText, PAGE, pageOf, placeOfCursor } from '../pages.ts'

const TAG = 'Messages'
const TOPIC = text({ doc: 'Topic.', max: 65_535 })
const count = { type: 'integer', minimum: 0 }

const RELAYED: JsonSchema = {
  type: 'object',
  required: ['matched', 'queued', 'dropped'],
  properties: {
    matched: { ...count, description: 'Receivers whose subscriptions match.' },
    queued: { ...count, description: 'Receivers for whom it waits.' },
    dropped: { ...count, description: 'Receivers who lose it.' },
  },
}

export const MESSAGE_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/retained',
    role: 'read',
    tag: TAG,
    summary: 'Retained messages whose topics match a filter, in pages, by topic.',
    query: { ...PAGE, ...PAYLOAD, filter: usually(text({ doc: 'Topic filter.', max: 65_535 }), '#') },
    answer: pageOf(MESSAGE),
    async run({ query, desk }) {
      const { filter, limit, cursor, payload } = query
      const after = placeOfCursor(cursor, isText)
      const items: object[] = []
      let last: string | undefined
      let bytes = 0
      for await (const message of retainedMessages(desk.stack, filter, { after, page: limit + 1 })) {
        if (items.length === limit || bytes >= PAGE_BYTES) return { items, next: cursorOf(last) }
        last = message.topic
        bytes += bytesTold(message, payload)
        items.push(messageState(message, desk.stack.clock, payload))
      }
      return { items }
    },
  }),
  route({
    method: 'GET',
    path: '/api/retained/message',
    role: 'read',
    tag: TAG,
    summary: 'The retained message of one topic, with its payload.',
    query: { topic: TOPIC, ...PAYLOAD, payload: usually(PAYLOAD.payload, 'text') },
    answer: MESSAGE,
    async run({ query, desk }) {
      for await (const message of retainedMessages(desk.stack, query.topic, { page: 1 }))
        if (message.topic === query.topic) return messageState(message, desk.stack.clock, query.payload)
      throw unretained(query.topic)
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/retained/message',
    role: 'operate',
    tag: TAG,
    summary:
      'Clears the retained message of one topic; nobody is sent anything. POST /api/purge clears those of a filter.',
    query: { topic: TOPIC },
    told: ['topic'],
    async run({ query, desk }) {
      const { stack } = desk
      const packet = ownMessage(stack, { topic: query.topic, retain: true }).packet
      const ctx = { client: undefined, topic: query.topic, packet, messageId: 0, expiresAt: 0 }
      const { replaced = false } = await stack.call('storeRetainedMessage', ctx)
      if (!replaced) throw unretained(query.topic)
    },
  }),
  route({
    method: 'POST',
    path: '/api/publish',
    role: 'operate',
    tag: TAG,
    summary: 'Publishes a message of the broker’s own, past authentication and access rules.',
    body: {
      topic: TOPIC,
      payload: usually(
        text({ doc: 'The payload, as text or base64.', min: 0, max: 16_777_216, raw: true }),
        '',
      ),
      encoding: usually(choice(['text', 'base64'], { doc: 'How the payload is written.' }), 'text'),
      qos: usually(choice([0, 1, 2], { doc: 'Quality of service.' }), 0),
      retain: usually(flag({ doc: 'It is kept for those who subscribe later.' }), false),
      expiryInterval: optional(
        integer({ doc: 'Seconds until it is over; absent: never.', min: 0, max: 4_294_967_295 }),
      ),
      contentType: optional(text({ doc: 'What the payload is.' })),
    },
    told: ['topic', 'qos', 'retain'],
    answer: RELAYED,
    async run({ body, desk }) {
      const { topic, qos, retain, encoding, expiryInterval, contentType } = body
      const payload = encoding === 'text' ? body.payload : Buffer.from(body.payload, 'base64')
      const properties = {
        ...(expiryInterval !== undefined && { messageExpiryInterval: expiryInterval }),
        ...(contentType !== undefined && { contentType }),
      }
      const message: PublishInit = { topic, payload, qos, retain, properties }
      const relayed = new RelayStore()
      await desk.relayer.relay(ownMessage(desk.stack, message), relayed)
      if (relayed.vetoed) throw new Problem('cannot-be-done', `a middleware refuses messages to "${topic}"`)
      const { matched, queued, dropped } = relayed
      return { matched, queued, dropped }
    },
  }),
]

function unretained(topic: string): Problem {
  return new Problem('not-found', `"${topic}" has no retained message`)
}
