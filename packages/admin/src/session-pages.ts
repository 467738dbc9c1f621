import type { SessionSummary, Stack } from '@mqtt-stack/core'
import type { Page } from './pages.ts'
import { cursorOf, EFFORT } from './pages.ts'

/** Which sessions are wanted: those that meet all that is given. */
export interface SessionTerms {
  /** Part of the client identifier or the identity; large and small letters are the same. */
  readonly search?: string | undefined
  readonly prefix?: string | undefined
  readonly identity?: string | undefined
  readonly connected?: boolean | undefined
}

/** So many are looked up at a time. */
const PIECE = 500

/** A page in the order of client identifiers. At most {@link EFFORT} are looked at: then the page says where the next begins. */
export async function sessionPage(
  stack: Stack,
  terms: SessionTerms,
  after: string | undefined,
  limit: number,
): Promise<Page<SessionSummary>> {
  const { prefix = '', identity } = terms
  const isWanted = testOf(terms)
  const items: SessionSummary[] = []
  let looked = 0
  let last = after
  const look = (found: SessionSummary): Page<SessionSummary> | undefined => {
    if (!found.clientId.startsWith(prefix)) return found.clientId > prefix ? { items } : undefined
    if (items.length === limit || looked === EFFORT) return { items, next: cursorOf(last) }
    looked++
    last = found.clientId
    if (isWanted(found)) items.push(found)
    return undefined
  }
  // What is called as all others begin sorts right before them.
  if (prefix !== '' && (last === undefined || last < prefix)) {
    const [first] = await stack.call('lookupSessions', { clientId: prefix, limit: 1 })
    if (first !== undefined && (identity === undefined || first.identity === identity)) look(first)
    last = prefix
  }
  while (true) {
    const ctx = {
      ...(identity !== undefined && { identity }),
      ...(last !== undefined && { after: last }),
      limit: PIECE,
    }
    const piece = await stack.call('lookupSessions', ctx)
    for (const found of piece) {
      const page = look(found)
      if (page !== undefined) return page
    }
    if (piece.length < PIECE) return { items }
    if (stack.pace.spent) await stack.pace.rest()
  }
}

function testOf({ search, connected }: SessionTerms): (summary: SessionSummary) => boolean {
  const wanted = search?.toLowerCase()
  return (summary) => {
    if (connected !== undefined && summary.connected !== connected) return false
    if (wanted === undefined) return true
    const { clientId, identity } = summary
    return [clientId, identity].some((one) => one?.toLowerCase().includes(wanted) === true)
  }
}
