/** Pages of clients, by identifier or by a figure, without a list of all. */
import type { Client, ClientList, Pace } from '@mqtt-stack/core'
import type { Page } from './pages.ts'
import { cursorOf, EFFORT } from './pages.ts'

/** What clients may be sorted by; figures the largest first. */
export const SORTS = [
  'clientId',
  'connectedAt',
  'bytesIn',
  'bytesOut',
  'packetsIn',
  'packetsOut',
  'pending',
  'idle',
] as const
export type Sort = (typeof SORTS)[number]

/** Which clients are wanted: those that meet all that is given. */
export interface ClientTerms {
  /** Part of the client identifier, of the identity or of the address; large and small letters are the same. */
  readonly search?: string | undefined
  readonly prefix?: string | undefined
  readonly identity?: string | undefined
  readonly listener?: string | undefined
  readonly protocolVersion?: number | undefined
}

/** Where a page by a figure begins: behind this client. */
export interface FigurePlace {
  readonly figure: number
  readonly clientId: string
}

interface Ranked extends FigurePlace {
  readonly client: Client
}

/** In the order of client identifiers. At most {@link EFFORT} are looked at: then the page ends, and says where the next begins. */
export async function pageByName(
  clients: ClientList,
  terms: ClientTerms,
  after: string | undefined,
  limit: number,
  pace: Pace,
): Promise<Page<Client>> {
  const isWanted = testOf(terms)
  const items: Client[] = []
  let looked = 0
  let last: string | undefined
  for (const client of clients.within({ after, prefix: terms.prefix })) {
    // One more than the page has: whether there is a next one.
    if (items.length === limit || looked === EFFORT) return { items, next: cursorOf(last) }
    looked++
    last = client.id
    if (isWanted(client)) items.push(client)
    if (pace.spent) await pace.rest()
  }
  return { items }
}

/**
 * By a figure, the largest first. All are looked at, in turns with others; no more are kept than the page has. Figures
 * change meanwhile: who moves over the border of two pages may be on both, or on none.
 */
export async function pageByFigure(
  clients: ClientList,
  terms: ClientTerms,
  figureOf: (client: Client) => number,
  after: FigurePlace | undefined,
  limit: number,
  pace: Pace,
): Promise<Page<Client>> {
  const isWanted = testOf(terms)
  // The best first, and one more than the page has.
  const best: Ranked[] = []
  for (const client of clients.within({ prefix: terms.prefix })) {
    if (pace.spent) await pace.rest()
    const place = { figure: figureOf(client), clientId: client.id, client }
    if (after !== undefined && compare(place, after) <= 0) continue
    const worst = best.length > limit ? best[limit] : undefined
    if (worst !== undefined && compare(place, worst) >= 0) continue
    if (!isWanted(client)) continue
    insert(best, place)
    if (best.length > limit + 1) best.pop()
  }
  const found = best.slice(0, limit)
  const items = found.map(({ client }) => client)
  const last = found.at(-1)
  if (best.length <= limit || last === undefined) return { items }
  return { items, next: cursorOf({ figure: last.figure, clientId: last.clientId }) }
}

/** Negative where the first comes first: it has the larger figure or, of the same, the lower identifier. */
function compare(one: FigurePlace, other: FigurePlace): number {
  if (one.figure !== other.figure) return other.figure - one.figure
  if (one.clientId === other.clientId) return 0
  return one.clientId < other.clientId ? -1 : 1
}

function insert(sorted: Ranked[], one: Ranked): void {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(sorted[middle] as Ranked, one) <= 0) low = middle + 1
    else high = middle
  }
  sorted.splice(low, 0, one)
}

function testOf({ search, identity, listener, protocolVersion }: ClientTerms): (client: Client) => boolean {
  const wanted = search?.toLowerCase()
  return (client) => {
    const { session, listener: came } = client
    if (identity !== undefined && session.identity !== identity) return false
    if (listener !== undefined && came.name !== listener && came.transport !== listener) return false
    if (protocolVersion !== undefined && client.protocolVersion !== protocolVersion) return false
    if (wanted === undefined) return true
    return [client.id, session.identity, came.remote].some(
      (one) => one?.toLowerCase().includes(wanted) === true,
    )
  }
}
