/** Who is kept out for a while. */
import { isIP } from 'node:net'
import type { Ban, BanTerms } from '../bans.ts'
import { isoOf } from '../client-state.ts'
import type { Desk } from '../desk.ts'
import type { JsonSchema } from '../http/fields.ts'
import { integer, optional, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'

const TAG = 'Bans'

const BAN: JsonSchema = {
  type: 'object',
  required: ['id', 'reason', 'until'],
  properties: {
    id: { type: 'string' },
    clientId: { type: 'string' },
    identity: { type: 'string' },
    address: { type: 'string' },
    reason: { type: 'string' },
    until: { type: 'string', format: 'date-time' },
    missing: {
      type: 'array',
      items: { type: 'string' },
      description: 'Nodes that did not answer: they hear of it within 30 seconds once they can.',
    },
  },
}

export const BAN_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/bans',
    role: 'read',
    tag: TAG,
    summary: 'Who is kept out for a while, oldest first.',
    answer: { type: 'array', items: BAN },
    run: ({ desk }) => desk.bans.list().map((ban) => stateOf(ban, desk)),
  }),
  route({
    method: 'POST',
    path: '/api/bans',
    role: 'operate',
    tag: TAG,
    summary:
      'Keeps out a client identifier, an identity or an address for a while, and ends the connections that it is for. A ban holds on every node of a service that has this API, and is gone with their processes.',
    body: {
      clientId: optional(text({ doc: 'Client identifier; one of the three is needed.', max: 65_535 })),
      identity: optional(text({ doc: 'Identity.' })),
      address: optional(text({ doc: 'Address; of IPv6 its first half counts.' })),
      seconds: integer({ doc: 'For how long.', min: 1, max: 31_536_000 }),
      reason: usually(text({ doc: 'Told to a 5.0 client, and logged.' }), 'banned by an operator'),
    },
    told: ['clientId', 'identity', 'address', 'seconds', 'reason'],
    answer: BAN,
    async run({ body, desk }) {
      const { seconds, reason, ...terms } = body
      const ban = desk.bans.add(onlyOne(terms), seconds, reason)
      if (ban === undefined) throw new Problem('conflict', 'there are 10000 bans: take some away first')
      await desk.sharing.endThose()
      const missing = await desk.sharing.spread(ban.id)
      return { ...stateOf(ban, desk), ...(missing.length > 0 && { missing }) }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/bans/{id}',
    role: 'operate',
    tag: TAG,
    summary: 'Takes a ban away.',
    params: { id: text({ doc: 'As the list says.', max: 20 }) },
    async run({ params: { id }, desk }) {
      if (!desk.bans.remove(id)) throw new Problem('not-found', `there is no ban "${id}"`)
      await desk.sharing.spread(id)
    },
  }),
]

/** @throws Problem `bad-request` unless exactly one is given. */
function onlyOne(terms: BanTerms): BanTerms {
  const given = Object.entries(terms).filter(([, value]) => value !== undefined)
  const { address } = terms
  if (address !== undefined && !isAddress(address))
    throw new Problem(
      'bad-request',
      `body: "address" must be an address, such as 192.0.2.7, not ${address}: nobody would be kept out`,
    )
  if (given.length === 1) return Object.fromEntries(given)
  throw new Problem(
    'bad-request',
    'body: one of "clientId", "identity" and "address" must be given, and no other',
  )
}

/** A port behind it, as lists of clients have it, is no matter. */
function isAddress(text: string): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+):\d+)$/.exec(text) ?? []
  return isIP(bracketed ?? plain ?? text) !== 0
}

function stateOf({ until, ...ban }: Ban, { stack }: Desk): object {
  return { ...ban, until: isoOf(stack.clock, until) }
}
