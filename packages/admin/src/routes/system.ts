/** The broker as a whole: health, configuration, log, what it is made of. */
import { ABILITY_NAMES, abilitiesOf } from '../abilities.ts'
import type { Desk } from '../desk.ts'
import type { JsonSchema } from '../http/fields.ts'
import { choice, flag, map, optional, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import type { Operator } from '../operator.ts'
import { picture } from '../picture.ts'

const TAG = 'Broker'
const words = { type: 'string' }

const HEALTH: JsonSchema = {
  type: 'object',
  required: ['healthy', 'parts'],
  properties: {
    healthy: { type: 'boolean' },
    parts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'healthy'],
        properties: { name: words, healthy: { type: 'boolean' }, reason: words },
      },
    },
  },
}

const LISTENER: JsonSchema = {
  type: 'object',
  required: ['transport', 'url', 'local'],
  properties: { transport: words, url: words, name: words, local: { type: 'boolean' } },
}

const LEVELS = ['error', 'warn', 'info', 'debug'] as const

/** Had without a token on a listener of its own. */
export const HEALTH_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/healthz',
    role: 'read',
    tag: TAG,
    summary: 'The process answers.',
    answer: { type: 'object', required: ['healthy'], properties: { healthy: { const: true } } },
    open: true,
    run: () => ({ healthy: true }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    role: 'read',
    tag: TAG,
    summary:
      'Clients can be served: the store can write, and a node of a cluster is in service. 503 where they cannot.',
    answer: HEALTH,
    open: true,
    async run({ desk }) {
      const parts = await desk.stack.call('lookupHealth', {})
      const healthy = parts.every((one) => one.healthy)
      return Response.json({ healthy, parts }, { status: healthy ? 200 : 503 })
    },
  }),
]

export const SYSTEM_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/about',
    role: 'read',
    tag: TAG,
    summary: 'What this is, how long it has run, and what the token may do.',
    answer: {
      type: 'object',
      properties: {
        version: words,
        node: { ...words, description: 'The version of Node.js.' },
        pid: { type: 'integer' },
        uptime: { type: 'number', description: 'Seconds.' },
        role: { enum: ['read', 'operate'] },
        clients: { type: 'integer' },
        refusedTokens: { type: 'integer', description: 'Wrong tokens since the start.' },
        can: {
          type: 'array',
          items: { enum: ABILITY_NAMES },
          description: 'What can be done here by whoever has the token.',
        },
      },
    },
    run: ({ desk, role }) => ({
      version: desk.operator.version,
      node: process.version,
      pid: process.pid,
      uptime: Math.round(process.uptime()),
      role,
      clients: desk.clients.size,
      refusedTokens: desk.door.refused,
      can: abilitiesOf(desk, role ?? 'read'),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/stack',
    role: 'read',
    tag: TAG,
    summary:
      'The stack as a picture: middlewares in their order, what each answers and executes, its options without secrets, and what each callback did so far.',
    answer: {
      type: 'object',
      properties: {
        middlewares: { type: 'array', items: { type: 'object' } },
        activity: { type: 'array', items: { type: 'object' } },
      },
    },
    run: ({ desk }) => picture(desk.stack),
  }),
  route({
    method: 'GET',
    path: '/api/nodes',
    role: 'read',
    tag: TAG,
    summary: 'The nodes of the service that this broker is one of; none where it is alone.',
    answer: {
      type: 'array',
      items: {
        type: 'object',
        required: ['node', 'self', 'alive'],
        properties: { node: words, self: { type: 'boolean' }, alive: { type: 'boolean' }, state: words },
      },
    },
    run: ({ desk }) => desk.stack.call('lookupNodes', {}),
  }),
  route({
    method: 'GET',
    path: '/api/listeners',
    role: 'read',
    tag: TAG,
    summary: 'Where clients connect.',
    answer: { type: 'array', items: LISTENER },
    run: ({ desk }) => able(desk, 'listeners')(),
  }),
  route({
    method: 'POST',
    path: '/api/listeners',
    role: 'operate',
    tag: TAG,
    summary: 'Opens one more listener, until the next reload or restart.',
    body: { options: map({ doc: 'As a listener of the configuration has them.' }) },
    answer: LISTENER,
    run: ({ desk, body }) => able(desk, 'openListener')(body.options),
  }),
  route({
    method: 'DELETE',
    path: '/api/listeners',
    role: 'operate',
    tag: TAG,
    summary:
      'A listener takes no new connections any more. Whoever is connected stays so, or is closed too (`clients=close`), in turns.',
    query: {
      url: text({ doc: 'As the list says.' }),
      clients: usually(choice(['keep', 'close'], { doc: 'What becomes of those who came by it.' }), 'keep'),
    },
    told: ['url', 'clients'],
    answer: {
      type: 'object',
      properties: { closed: { type: 'integer', description: 'Clients that were closed.' } },
    },
    async run({ desk, query }) {
      const { url } = query
      const name = able(desk, 'listeners')().find((one) => one.url === url)
      if (name === undefined || !(await able(desk, 'closeListener')(url)))
        throw new Problem('not-found', `there is no listener ${url}`)
      return { closed: query.clients === 'close' ? await closeClients(desk, name) : 0 }
    },
  }),
  route({
    method: 'GET',
    path: '/api/config',
    role: 'read',
    tag: TAG,
    summary: 'The configuration as it holds, without secrets.',
    answer: { type: 'object' },
    run: ({ desk }) => able(desk, 'configuration')(),
  }),
  route({
    method: 'POST',
    path: '/api/reload',
    role: 'operate',
    tag: TAG,
    summary: 'Reads the configuration again, and applies what can be applied without dropping a client.',
    answer: {
      type: 'object',
      properties: { applied: { type: 'array', items: words }, kept: { type: 'array', items: words } },
    },
    run: ({ desk }) => able(desk, 'reload')(),
  }),
  route({
    method: 'GET',
    path: '/api/log',
    role: 'read',
    tag: TAG,
    summary: 'How much is logged.',
    answer: { type: 'object', properties: { level: { enum: LEVELS } } },
    run: ({ desk }) => ({ level: able(desk, 'logLevel')() }),
  }),
  route({
    method: 'PUT',
    path: '/api/log',
    role: 'operate',
    tag: TAG,
    summary: 'Sets how much is logged, until the next reload or restart.',
    body: { level: choice(LEVELS, { doc: 'From there on.' }) },
    told: ['level'],
    run({ desk, body }) {
      if (!able(desk, 'setLogLevel')(body.level))
        throw new Problem('cannot-be-done', `the log has no level "${body.level}"`)
    },
  }),
  route({
    method: 'POST',
    path: '/api/explain',
    role: 'read',
    tag: TAG,
    summary:
      'Whether somebody may connect, publish, subscribe or leave a will, and what each middleware answers. Nothing happens.',
    body: {
      client: optional(text({ doc: 'Client identifier.' })),
      user: optional(text({ doc: 'Who it is by authentication.' })),
      address: optional(text({ doc: 'Where it comes from.' })),
      listener: optional(text({ doc: 'The listener that it comes by: its name, or its address.' })),
      publish: optional(text({ doc: 'A topic.', max: 65_535 })),
      subscribe: optional(text({ doc: 'A topic filter.', max: 65_535 })),
      will: optional(text({ doc: 'The topic of a will.', max: 65_535 })),
      connect: optional(flag({ doc: 'Whether it may connect.' })),
      qos: optional(choice([0, 1, 2], { doc: 'Of the message or subscription.' })),
      retain: optional(flag({ doc: 'The message is to be retained.' })),
    },
    answer: { type: 'object' },
    run({ desk, body }) {
      const { connect, retain, ...question } = body
      return able(
        desk,
        'explain',
      )({
        ...Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined)),
        ...(connect === true && { connect }),
        ...(retain !== undefined && { retain }),
      })
    },
  }),
]

/** What of an operator may be missing. */
type Part = Exclude<keyof Operator, 'clients' | 'version'>

/** @throws Problem `not-available` */
function able<Name extends Part>({ operator }: Desk, name: Name): NonNullable<Operator[Name]> {
  const found = operator[name]
  if (found !== undefined) return found.bind(operator) as NonNullable<Operator[Name]>
  throw new Problem('not-available', `nobody here can do this: the option "operator" has no "${name}"`)
}

async function closeClients(
  { stack }: Desk,
  { url, name, transport }: { url: string; name?: string | undefined; transport: string },
): Promise<number> {
  let closed = 0
  for (const client of stack.clients) {
    if (stack.pace.spent) await stack.pace.rest()
    const { listener } = client
    const cameBy =
      name === undefined
        ? listener.name === undefined && listener.transport === transport
        : listener.name === name
    if (!cameBy || client.closed) continue
    stack.closeClient(client, 0x98, `the listener ${url} is closed`)
    closed++
  }
  return closed
}
