/** Who is connected. */
import type { Client } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { FigurePlace, Sort } from '../client-pages.ts'
import { pageByFigure, pageByName, SORTS } from '../client-pages.ts'
import { CLIENT, CLIENT_DETAILS, clientDetails, clientState } from '../client-state.ts'
import type { Desk } from '../desk.ts'
import { notHere } from '../elsewhere.ts'
import type { Field } from '../http/fields.ts'
import { choice, integer, optional, text, usually } from '../http/fields.ts'
import { Problem } from '../http/problem.ts'
import type { Route } from '../http/route.ts'
import { route } from '../http/route.ts'
import { isText, PAGE, pageOf, placeOfCursor } from '../pages.ts'
import { sendable } from '../sendable.ts'

const TAG = 'Clients'
export const CLIENT_ID: Field<string> = text({ doc: 'Client identifier.', max: 65_535 })

/** The longest reason, whoever gives it. */
const REASON = 1_024

const FIGURES: Readonly<Record<Exclude<Sort, 'clientId'>, (client: Client) => number>> = {
  connectedAt: ({ connectedAt = 0 }) => connectedAt,
  bytesIn: ({ bytesIn }) => bytesIn,
  bytesOut: ({ bytesOut }) => bytesOut,
  packetsIn: ({ packetsIn }) => packetsIn,
  packetsOut: ({ packetsOut }) => packetsOut,
  pending: ({ pending }) => pending,
  idle: ({ receivedAt }) => -receivedAt,
}

export const CLIENT_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/clients',
    role: 'read',
    tag: TAG,
    summary:
      'Clients that are connected to this node, in pages: by client identifier, or by a figure, the largest first.',
    query: {
      ...PAGE,
      sort: usually(choice(SORTS, { doc: 'What they are sorted by.' }), 'clientId'),
      search: optional(text({ doc: 'Part of the client identifier, the identity or the address.' })),
      prefix: optional(text({ doc: 'How the client identifier begins.' })),
      identity: optional(text({ doc: 'Clients of this identity alone.' })),
      listener: optional(text({ doc: 'Clients of this listener alone: its name or transport.' })),
      protocolVersion: optional(
        choice([3, 4, 5], { doc: 'Clients of this version alone: 3 (3.1), 4 (3.1.1), 5 (5.0).' }),
      ),
    },
    answer: pageOf(CLIENT),
    async run({ query, desk }) {
      const { sort, limit, cursor, ...terms } = query
      const { clients, stack } = desk
      const { items, next } =
        sort === 'clientId'
          ? await pageByName(clients, terms, placeOfCursor(cursor, isText), limit, stack.pace)
          : await pageByFigure(
              clients,
              terms,
              FIGURES[sort],
              placeOfCursor(cursor, isFigure),
              limit,
              stack.pace,
            )
      return { items: items.map((client) => clientState(client, stack.clock)), next }
    },
  }),
  route({
    method: 'GET',
    path: '/api/clients/{clientId}',
    role: 'read',
    tag: TAG,
    summary:
      'One client of this node, with all that is known of it. Of one that is connected to another node of a service, 404 names that node.',
    params: { clientId: CLIENT_ID },
    answer: CLIENT_DETAILS,
    async run({ params, desk }) {
      const client = await connected(desk, params.clientId)
      const outbound = await desk.stack.call('lookupOutbound', { client })
      return clientDetails(client, desk.stack.clock, outbound)
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/clients/{clientId}',
    role: 'operate',
    tag: TAG,
    summary:
      'Ends the connection of a client, on whichever node of a service it is (that has this API too); its session stays for as long as it was to stay.',
    params: { clientId: CLIENT_ID },
    query: {
      reason: usually(text({ doc: 'Told to a 5.0 client, and logged.' }), 'closed by an operator'),
      reasonCode: usually(
        integer({
          doc: 'Reason code for a 5.0 client; 152 (administrative action) by default.',
          min: 0x80,
          max: 0xff,
        }),
        ReasonCode.ADMINISTRATIVE_ACTION,
      ),
    },
    told: ['reasonCode', 'reason'],
    async run({ params: { clientId }, query: { reasonCode, reason }, desk }) {
      const kick = { clientId, reasonCode, reason }
      if (kickHere(desk, kick)) return
      const { answers, missing } = await desk.nodes.ask('kick', kick)
      if (answers.some(({ said }) => said === true)) return
      if (missing.length === 0) throw new Problem('not-found', notConnected(clientId))
      const what = `${notConnected(clientId)}, and of these nodes nobody answered`
      throw new Problem('unavailable', `${what}: ${missing.join(', ')}; try again, or ask theirs`)
    },
  }),
]

/** @throws Problem `not-found` */
async function connected(desk: Desk, clientId: string): Promise<Client> {
  const client = desk.clients.get(clientId)
  if (client !== undefined) return client
  throw await notHere(desk, { what: 'client', clientId }, notConnected(clientId))
}

/** A client whose connection is to end. */
interface Kick {
  readonly clientId: string
  readonly reasonCode: number
  readonly reason: string
}

/** Whether it was connected to this node. */
export function kickHere({ clients, stack }: Desk, { clientId, reasonCode, reason }: Kick): boolean {
  const client = clients.get(clientId)
  const said = sendable(reason.slice(0, REASON))
  if (client !== undefined) stack.closeClient(client, reasonCode as ReasonCode, said)
  return client !== undefined
}

/** What another node says that it wants. */
export function isKick(said: unknown): said is Kick {
  if (typeof said !== 'object' || said === null) return false
  const { clientId, reasonCode, reason } = said as Partial<Kick>
  const isCode =
    Number.isInteger(reasonCode) && (reasonCode as number) >= 0x80 && (reasonCode as number) <= 0xff
  return typeof clientId === 'string' && isCode && typeof reason === 'string'
}

function notConnected(clientId: string): string {
  return `no client "${clientId}" is connected here`
}

function isFigure(place: unknown): place is FigurePlace {
  if (typeof place !== 'object' || place === null) return false
  const { figure, clientId } = place as Partial<FigurePlace>
  return typeof figure === 'number' && typeof clientId === 'string'
}
