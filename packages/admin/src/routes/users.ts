/** Users, where their providers have a list of them, and what each user holds. */
import type { JsonSchema } from '../http/fields.ts'
import { choice, integer, list, optional, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { cursorOf, isText, PAGE, pageOf, placeOfCursor } from '../pages.ts'

const TAG = 'Users'
const count = { type: 'integer', minimum: 0 }
const NAME = text({ doc: 'The name of the user.' })
const PROVIDER = text({ doc: 'The name of the middleware that knows it, such as `PasswordAuth`.' })

const USER: JsonSchema = {
  type: 'object',
  required: ['name', 'groups', 'provider'],
  properties: {
    name: { type: 'string' },
    groups: { type: 'array', items: { type: 'string' } },
    provider: { type: 'string' },
  },
}

const HOLDINGS: JsonSchema = {
  type: 'object',
  required: ['connections', 'sessions', 'subscriptions', 'retained', 'bytes'],
  properties: {
    identity: { type: 'string', description: 'Absent for anonymous clients.' },
    address: { type: 'string', description: 'Of anonymous clients.' },
    connections: count,
    sessions: { ...count, description: 'That outlive their connections.' },
    subscriptions: count,
    retained: count,
    bytes: { ...count, description: 'That are kept because of the user, in memory.' },
  },
}

export const USER_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/holdings',
    role: 'read',
    tag: TAG,
    summary: 'Who holds how much, those who hold most first, and the limits that there are.',
    query: {
      by: usually(
        choice(['connections', 'sessions', 'subscriptions', 'retained', 'bytes'], { doc: 'What counts.' }),
        'bytes',
      ),
      limit: usually(integer({ doc: 'How many.', min: 1, max: 1_000 }), 20),
      identity: optional(text({ doc: 'This user alone.' })),
    },
    answer: {
      type: 'object',
      properties: {
        items: { type: 'array', items: HOLDINGS },
        limits: { type: 'object', description: 'Of one user; what has none is left out.' },
      },
    },
    async run({ query, desk }) {
      const { by, limit, identity } = query
      const ctx = { by, limit, ...(identity !== undefined && { identity }) }
      const items = await desk.stack.call('lookupHoldings', ctx)
      const { bounds, share } = desk.stack.ledger
      const limits = Object.entries({ ...bounds, bytes: share }).filter(([, most]) => Number.isFinite(most))
      return { items, limits: Object.fromEntries(limits) }
    },
  }),
  route({
    method: 'GET',
    path: '/api/users',
    role: 'read',
    tag: TAG,
    summary: 'Users of providers that have a list of them, by name, in pages.',
    query: { ...PAGE, provider: optional(PROVIDER) },
    answer: pageOf(USER),
    async run({ query, desk }) {
      const { limit, cursor, provider } = query
      const after = placeOfCursor(cursor, isText)
      const found = await desk.stack.call('lookupUsers', {
        limit: limit + 1,
        ...(after !== undefined && { after }),
        ...(provider !== undefined && { provider }),
      })
      found.sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)))
      // Those of one name, whom several providers know, are on one page.
      let end = Math.min(limit, found.length)
      while (end < found.length && found[end]?.name === found[end - 1]?.name) end++
      const last = end < found.length ? found[end - 1]?.name : undefined
      return { items: found.slice(0, end), next: last && cursorOf(last) }
    },
  }),
  route({
    method: 'PUT',
    path: '/api/users/{provider}/{name}',
    role: 'operate',
    tag: TAG,
    summary: 'Adds or changes a user, where its provider can write; what is left out stays.',
    params: { provider: PROVIDER, name: NAME },
    body: {
      password: optional(text({ doc: 'In plain text.' })),
      groups: optional(list(text({ doc: 'A group.' }), { doc: 'The groups that it is in.', max: 100 })),
    },
    told: ['groups'],
    answer: { type: 'object', properties: { existed: { type: 'boolean', description: 'It is changed.' } } },
    async run({ params, body, desk }) {
      const { password, groups } = body
      const { stored = false, existed = false } = await desk.stack.call('storeUser', {
        ...params,
        ...(password !== undefined && { password }),
        ...(groups !== undefined && { groups }),
      })
      if (!stored) throw cannotWrite(params.provider)
      return { existed }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/users/{provider}/{name}',
    role: 'operate',
    tag: TAG,
    summary: 'Removes a user, where its provider can write. Its connections are closed.',
    params: { provider: PROVIDER, name: NAME },
    async run({ params, desk }) {
      const { asked = false, existed = false } = await desk.stack.call('removeUser', params)
      if (!asked) throw cannotWrite(params.provider)
      if (!existed) throw new Problem('not-found', `${params.provider} knows no user "${params.name}"`)
    },
  }),
]

function cannotWrite(provider: string): Problem {
  return new Problem('not-available', `no middleware "${provider}" is there that can write users`)
}
