/** Subscriptions of all sessions, in pages. */
import type { Stack, SubscriptionRecord } from '@mqtt-stack/core'
import { matchesFilter, shareOf } from '@mqtt-stack/core'
import type { Page } from './pages.ts'
import { cursorOf } from './pages.ts'

/** So many sessions are looked at for one page at most. */
const SESSIONS = 1_000
/** So many are looked up at a time. */
const PIECE = 100

export interface OwnedSubscription extends SubscriptionRecord {
  readonly clientId: string
}

/** Which are wanted: all where nothing is said. */
export interface SubscriptionTerms {
  /** A topic name: those that would get its messages. */
  readonly topic?: string | undefined
  /** Part of the filter. */
  readonly search?: string | undefined
}

/** All subscriptions of the client were passed. */
const ALL = -1

/** Where a page begins: behind so many subscriptions of a client, or behind {@link ALL} of them. */
export type Place = readonly [clientId: string, count: number]

export function isPlace(place: unknown): place is Place {
  return Array.isArray(place) && typeof place[0] === 'string' && Number.isInteger(place[1])
}

/** A page in the order of client identifiers. */
export async function subscriptionPage(
  stack: Stack,
  terms: SubscriptionTerms,
  after: Place | undefined,
  limit: number,
): Promise<Page<OwnedSubscription>> {
  const items: OwnedSubscription[] = []
  let last = after?.[0]
  const from = after?.[1] ?? ALL
  let looked = 0
  // The client that the page before ended with may have more.
  if (last !== undefined && from !== ALL) {
    const more = await ofClient(stack, last)
    const left = take(items, more, terms, from, limit)
    if (left !== undefined) return { items, next: cursorOf([last, left]) }
  }
  while (true) {
    const ctx = { ...(last !== undefined && { after: last }), limit: PIECE }
    const piece = await stack.call('lookupSessions', ctx)
    for (const { clientId, subscriptions } of piece) {
      if (looked++ === SESSIONS) return { items, next: cursorOf([last, ALL]) }
      last = clientId
      if (subscriptions === 0) continue
      const left = take(items, await ofClient(stack, clientId), terms, 0, limit)
      if (left !== undefined) return { items, next: cursorOf([clientId, left]) }
    }
    if (piece.length < PIECE) return { items }
    if (stack.pace.spent) await stack.pace.rest()
  }
}

async function ofClient(stack: Stack, clientId: string): Promise<OwnedSubscription[]> {
  const found = await stack.call('lookupSubscriptions', { clientId })
  return found.map((one) => ({ ...one, clientId })).sort((a, b) => (a.topic < b.topic ? -1 : 1))
}

/** Adds those that are wanted; answers how many were passed where the page is full and there are more. */
function take(
  items: OwnedSubscription[],
  found: readonly OwnedSubscription[],
  terms: SubscriptionTerms,
  from: number,
  limit: number,
): number | undefined {
  for (const [i, one] of found.entries()) {
    if (i < from) continue
    if (items.length === limit) return i
    if (isWanted(one, terms)) items.push(one)
  }
  return undefined
}

function isWanted({ topic: filter }: OwnedSubscription, { topic, search }: SubscriptionTerms): boolean {
  const matches = topic === undefined || matchesFilter(shareOf(filter)?.filter ?? filter, topic)
  return matches && (search === undefined || filter.includes(search))
}
