/** All that `mqtt-stack ctl` does; `--help` and completions are made of this table. */
import { LOG_LEVELS } from '@mqtt-stack/core'
import type { Deed, Job } from './deed.ts'
import { deed } from './deed.ts'
import { PURGE } from './purge.ts'
import { RULE_DEEDS } from './rule-deeds.ts'
import type { Row } from './table.ts'
import { factsOf } from './table.ts'
import { USER_DEEDS } from './user-deeds.ts'
import { EXPLAIN, TRACE, WHY } from './why-deeds.ts'

interface Page {
  readonly items: readonly Row[]
  readonly next?: string
}

interface ListFlags {
  search?: string
  limit?: number
}

const LIST = {
  flags: {
    search: { kind: 'string', optional: true, doc: 'part of a name' },
    limit: { kind: 'number', default: 50, min: 1, max: 1_000, doc: 'the most that are listed' },
  },
  wants: { search: 'text', limit: 'n' },
} as const

const TOP_LISTS = ['topics', 'publishers', 'slow-subscribers', 'queues', 'retained-scans']

const name = encodeURIComponent

/** A list in columns, and that there is more. */
async function list(job: Job | Omit<Job, 'flags'>, path: string, query: object, columns: readonly string[]) {
  const page = await job.admin.ask<Page>('GET', path, { ...query })
  job.say(page, () => {
    const more = page.next === undefined ? '' : 'there are more: raise --limit\n'
    return `${job.table(page.items, columns)}${more}`
  })
}

async function one(job: Omit<Job, 'flags'>, path: string): Promise<void> {
  const found = await job.admin.ask<Row>('GET', path)
  job.say(found, () => factsOf(found))
}

async function change(
  job: Omit<Job, 'flags'>,
  method: string,
  path: string,
  done: string,
  query: Readonly<Record<string, string>> = {},
  body?: object,
): Promise<void> {
  const said = await job.admin.ask<unknown>(method, path, query, body)
  job.say(said ?? null, () => `${done}\n`)
}

export const DEEDS: Readonly<Record<string, Deed>> = {
  clients: deed<ListFlags>({
    doc: 'list clients that are connected',
    ...LIST,
    run: (job) =>
      list(job, '/api/clients', job.flags, [
        'clientId',
        'identity',
        'address',
        'listener',
        'connectedAt',
        'packetsIn',
        'packetsOut',
        'pending',
      ]),
  }),
  client: deed({
    operands: ['CLIENT'],
    doc: 'say all of one client',
    run: (job) => one(job, `/api/clients/${name(job.operands[0])}`),
  }),
  kick: deed({
    operands: ['CLIENT'],
    doc: 'end the connection of a client',
    run: (job) =>
      change(job, 'DELETE', `/api/clients/${name(job.operands[0])}`, `${job.operands[0]} was kicked`),
  }),
  ban: deed<{ seconds?: number }>({
    operands: ['CLIENT'],
    doc: 'keep a client out for a while',
    flags: { seconds: { kind: 'number', default: 3_600, min: 1, doc: 'for how long' } },
    wants: { seconds: 's' },
    run: (job) => {
      const [clientId] = job.operands
      const { seconds } = job.flags
      return change(
        job,
        'POST',
        '/api/bans',
        `${clientId} is kept out for ${seconds} s`,
        {},
        { clientId, seconds },
      )
    },
  }),
  bans: deed({
    doc: 'list who is kept out',
    run: async (job) => {
      const rows = await job.admin.ask<Row[]>('GET', '/api/bans')
      job.say(rows, () => job.table(rows, ['id', 'clientId', 'identity', 'address', 'until', 'reason']))
    },
  }),
  unban: deed({
    operands: ['ID'],
    doc: 'take a ban away, by the id that bans tells',
    run: (job) =>
      change(job, 'DELETE', `/api/bans/${name(job.operands[0])}`, `ban ${job.operands[0]} is taken away`),
  }),
  sessions: deed<ListFlags>({
    doc: 'list sessions, connected or away',
    ...LIST,
    run: (job) =>
      list(job, '/api/sessions', job.flags, [
        'clientId',
        'identity',
        'connected',
        'expiresAt',
        'subscriptions',
        'messages',
        'bytes',
      ]),
  }),
  session: deed({
    operands: ['CLIENT'],
    doc: 'say all of one session',
    run: (job) => one(job, `/api/sessions/${name(job.operands[0])}`),
  }),
  queue: deed({
    operands: ['CLIENT'],
    doc: 'list what waits for a client',
    run: (job) =>
      list(job, `/api/sessions/${name(job.operands[0])}/queue`, {}, ['topic', 'qos', 'bytes', 'publisher']),
  }),
  end: deed({
    operands: ['CLIENT'],
    doc: 'end a session, with all that waits for it',
    run: (job) =>
      change(
        job,
        'DELETE',
        `/api/sessions/${name(job.operands[0])}`,
        `the session of ${job.operands[0]} is over`,
      ),
  }),
  purge: PURGE,
  subscriptions: deed<ListFlags & { topic?: string }>({
    doc: 'list subscriptions, or those that get a topic',
    flags: { ...LIST.flags, topic: { kind: 'string', optional: true, doc: 'a topic name' } },
    wants: { ...LIST.wants, topic: 'topic' },
    run: (job) => list(job, '/api/subscriptions', job.flags, ['clientId', 'topic', 'qos']),
  }),
  retained: deed<{ limit?: number }>({
    operands: ['FILTER'],
    doc: 'list retained messages',
    flags: { limit: LIST.flags.limit },
    wants: { limit: 'n' },
    run: (job) => {
      const query = { filter: job.operands[0], payload: 'text', limit: job.flags.limit }
      return list(job, '/api/retained', query, ['topic', 'qos', 'bytes', 'publisher', 'payload'])
    },
  }),
  clear: deed({
    operands: ['TOPIC'],
    doc: 'clear what is retained on a topic',
    run: (job) => {
      const [topic] = job.operands
      return change(job, 'DELETE', '/api/retained/message', `${topic} is cleared`, { topic })
    },
  }),
  publish: deed<{ qos?: number; retain?: boolean }>({
    operands: ['TOPIC', 'PAYLOAD'],
    doc: 'publish a message of the broker’s own',
    flags: {
      qos: { kind: 'number', default: 0, max: 2, doc: 'its QoS' },
      retain: { kind: 'boolean', default: false, doc: 'retain it' },
    },
    wants: { qos: 'qos' },
    run: (job) => {
      const [topic, payload] = job.operands
      return change(
        job,
        'POST',
        '/api/publish',
        `published to ${topic}`,
        {},
        { topic, payload, ...job.flags },
      )
    },
  }),
  top: deed<{ limit?: number }>({
    operands: ['LIST'],
    choices: { LIST: TOP_LISTS },
    doc: `list the largest: ${TOP_LISTS.join(', ').replace(/, ([^,]+)$/, ' or $1')}`,
    flags: { limit: { kind: 'number', default: 10, min: 1, max: 100, doc: 'how many' } },
    wants: { limit: 'n' },
    run: async (job) => {
      const rows = await job.admin.ask<Row[]>('GET', `/api/top/${name(job.operands[0])}`, job.flags)
      job.say(rows, () => job.table(rows, ['name', 'value', 'unit']))
    },
  }),
  ...USER_DEEDS,
  ...RULE_DEEDS,
  trace: TRACE,
  why: WHY,
  explain: EXPLAIN,
  stack: deed({
    doc: 'say what each middleware did',
    run: async (job) => {
      const { activity } = await job.admin.ask<{ activity: Row[] }>('GET', '/api/stack')
      const rows = activity.filter(({ calls }) => Number(calls) > 0)
      job.say(activity, () =>
        job.table(rows, ['middleware', 'callback', 'calls', 'ended', 'errors', 'waiting']),
      )
    },
  }),
  nodes: deed({
    doc: 'list the nodes of the service',
    run: async (job) => {
      const rows = await job.admin.ask<Row[]>('GET', '/api/nodes')
      job.say(rows, () =>
        rows.length === 0 ? 'this broker is alone\n' : job.table(rows, ['node', 'self', 'alive', 'state']),
      )
    },
  }),
  health: deed({
    doc: 'say how each part is; exit with 1 where one is not well',
    run: async (job) => {
      const said = await job.admin.ask<{ healthy: boolean; parts: Row[] }>('GET', '/readyz')
      job.say(said, () =>
        said.parts.length === 0 ? 'well\n' : job.table(said.parts, ['name', 'healthy', 'reason']),
      )
      return said.healthy ? 0 : 1
    },
  }),
  reload: deed({
    doc: 'read the configuration again',
    run: async (job) => {
      const said = await job.admin.ask<{ applied: string[]; kept: string[] }>('POST', '/api/reload')
      job.say(said, () =>
        [`in force: ${said.applied.join(', ') || 'nothing new'}`, ...said.kept, ''].join('\n'),
      )
    },
  }),
  'log-level': deed({
    operands: ['LEVEL'],
    choices: { LEVEL: LOG_LEVELS },
    doc: 'set how much is logged: error, warn, info or debug',
    run: (job) => {
      const [level] = job.operands
      return change(job, 'PUT', '/api/log', `the log is at ${level}`, {}, { level })
    },
  }),
}
