/** Access rules, where their providers have a list of them. */
import type { RuleChange } from '@mqtt-stack/core'
import type { JsonSchema } from '../http/fields.ts'
import { integer, optional, text } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { cursorOf, isCount, PAGE, placeOfCursor } from '../pages.ts'

const TAG = 'Rules'
const MOST = 1_000_000
const PROVIDER = text({ doc: 'The name of the middleware that decides by them, such as `Acl`.' })
const VERSION = text({
  doc: '`version` of the list that was seen: another one is refused with 409.',
  max: 200,
})
const PLACE = integer({ doc: 'As the list says.', min: 1, max: MOST })
const TEXT = text({ doc: 'In the words of the provider: `allow publish plant/# user alice`.', max: 70_000 })

const RULE: JsonSchema = {
  type: 'object',
  required: ['place', 'text', 'writable'],
  properties: {
    place: { type: 'integer', description: 'The order in which they decide, from 1.' },
    text: { type: 'string' },
    source: { type: 'string', description: 'File and line, where it has them.' },
    writable: { type: 'boolean', description: 'It can be changed here.' },
  },
}

const LIST = {
  provider: { type: 'string' },
  version: { type: 'string', description: 'Another one whenever a rule or its place is another one.' },
  count: { type: 'integer' },
  readOnly: { type: 'string', description: 'Why none can be added, and what to do; absent: they can.' },
}

const CHANGE: JsonSchema = {
  type: 'object',
  required: ['version'],
  properties: {
    version: { type: 'string', description: 'Of the rules that hold now.' },
    place: { type: 'integer', description: 'Where the rule stands now.' },
  },
}

export const RULE_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/rules',
    role: 'read',
    tag: TAG,
    summary: 'Who decides by access rules, how many there are, and whether they can be changed here.',
    answer: {
      type: 'array',
      items: { type: 'object', required: ['provider', 'version', 'count'], properties: LIST },
    },
    async run({ desk }) {
      const lists = await desk.stack.call('lookupRules', { limit: 0 })
      return lists.map(({ rules: _, ...list }) => list)
    },
  }),
  route({
    method: 'GET',
    path: '/api/rules/{provider}',
    role: 'read',
    tag: TAG,
    summary: 'Access rules in the order in which they decide, in pages.',
    params: { provider: PROVIDER },
    query: PAGE,
    answer: {
      type: 'object',
      required: ['provider', 'version', 'count', 'items'],
      properties: {
        ...LIST,
        items: { type: 'array', items: RULE },
        next: { type: 'string', description: 'Absent behind the last page.' },
      },
    },
    async run({ params: { provider }, query: { limit, cursor }, desk }) {
      const after = placeOfCursor(cursor, isCount) ?? 0
      const [list] = await desk.stack.call('lookupRules', { provider, after, limit })
      if (list === undefined)
        throw new Problem('not-found', `no middleware "${provider}" says that it has rules`)
      const { rules, ...rest } = list
      const last = rules.at(-1)?.place ?? list.count
      return { ...rest, items: rules, next: last < list.count ? cursorOf(last) : undefined }
    },
  }),
  route({
    method: 'POST',
    path: '/api/rules/{provider}',
    role: 'operate',
    tag: TAG,
    summary:
      'Adds an access rule. It is checked, written down, and holds at once: what is allowed no more ends.',
    params: { provider: PROVIDER },
    body: {
      version: VERSION,
      text: TEXT,
      to: optional(integer({ doc: 'Its place; absent: the last one.', min: 1, max: MOST })),
    },
    told: ['text', 'to'],
    answer: CHANGE,
    async run({ params: { provider }, body: { version, text, to }, desk }) {
      const ctx = { provider, version, text, ...(to !== undefined && { to }) }
      return changed(provider, await desk.stack.call('storeRule', ctx))
    },
  }),
  route({
    method: 'PUT',
    path: '/api/rules/{provider}/{place}',
    role: 'operate',
    tag: TAG,
    summary: 'Changes an access rule, or moves it; what is left out stays.',
    params: { provider: PROVIDER, place: PLACE },
    body: {
      version: VERSION,
      text: optional(TEXT),
      to: optional(integer({ doc: 'Its place from then on.', min: 1, max: MOST })),
    },
    told: ['text', 'to'],
    answer: CHANGE,
    async run({ params: { provider, place }, body: { version, text, to }, desk }) {
      if (text === undefined && to === undefined)
        throw new Problem('bad-request', 'say how the rule is to be (text), or where (to)')
      const ctx = {
        provider,
        place,
        version,
        ...(text !== undefined && { text }),
        ...(to !== undefined && { to }),
      }
      return changed(provider, await desk.stack.call('storeRule', ctx))
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/rules/{provider}/{place}',
    role: 'operate',
    tag: TAG,
    summary: 'Removes an access rule; comments stay in its file.',
    params: { provider: PROVIDER, place: PLACE },
    query: { version: VERSION },
    answer: CHANGE,
    async run({ params: { provider, place }, query: { version }, desk }) {
      return changed(provider, await desk.stack.call('removeRule', { provider, place, version }))
    },
  }),
]

/** @throws Problem where nothing has changed. */
function changed(provider: string, { outcome, reason, version, place }: RuleChange): object {
  const why = reason ?? 'nothing has changed'
  switch (outcome) {
    case 'changed':
      return { version, place }
    case 'stale':
      throw new Problem('conflict', why)
    case 'missing':
      throw new Problem('not-found', why)
    case 'read-only':
      throw new Problem('cannot-be-done', why)
    default:
      throw new Problem('not-available', `no middleware "${provider}" is there that can write rules`)
  }
}
