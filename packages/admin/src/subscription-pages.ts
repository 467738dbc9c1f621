/** Subscriptions of one session and of all, in pages. */
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

/** Where a page begins: behind this filter of a client, or behind all of its filters (`null`). */
export type Place = readonly [clientId: string, filter: string | null]

export function isPlace(place: unknown): place is Place {
  const [clientId, filter] = Array.isArray(place) ? place : []
  return typeof clientId === 'string' && (filter === null || typeof filter === 'string')
}

/** A page of one session's, in the order of filters; none where there is no such session. */
export async function pageOfSession(
  stack: Stack,
  clientId: string,
  terms: SubscriptionTerms,
  after: string | undefined,
  limit: number,
): Promise<Page<OwnedSubscription>> {
  const items: OwnedSubscription[] = []
  const last = take(items, await ofClient(stack, clientId, after), terms, limit)
  return { items, ...(last !== undefined && { next: cursorOf(last) }) }
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
  const from = after?.[1] ?? undefined
  let looked = 0
  // The client that the page before ended with may have more.
  if (last !== undefined && from !== undefined) {
    const filter = take(items, await ofClient(stack, last, from), terms, limit)
    if (filter !== undefined) return { items, next: cursorOf([last, filter]) }
  }
  while (true) {
    const ctx = { ...(last !== undefined && { after: last }), limit: PIECE }
    const piece = await stack.call('lookupSessions', ctx)
    for (const { clientId, subscriptions } of piece) {
      if (looked++ === SESSIONS) return { items, next: cursorOf([last, null]) }
      if (subscriptions > 0 && items.length === limit) return { items, next: cursorOf([last, null]) }
      last = clientId
      if (subscriptions === 0) continue
      const filter = take(items, await ofClient(stack, clientId), terms, limit)
      if (filter !== undefined) return { items, next: cursorOf([clientId, filter]) }
    }
    if (piece.length < PIECE) return { items }
    if (stack.pace.spent) await stack.pace.rest()
  }
}

/** @param after Those behind this filter alone. */
async function ofClient(stack: Stack, clientId: string, after?: string): Promise<OwnedSubscription[]> {
  const found = await stack.call('lookupSubscriptions', { clientId })
  return found
    .filter(({ topic }) => after === undefined || topic > after)
    .map((one) => ({ ...one, clientId }))
    .sort((a, b) => (a.topic < b.topic ? -1 : 1))
}

/** Adds those that are wanted; answers the last filter that was looked at where the page is full and there are more. */
function take(
  items: OwnedSubscription[],
  found: readonly OwnedSubscription[],
  terms: SubscriptionTerms,
  limit: number,
): string | undefined {
  let looked: string | undefined
  for (const one of found) {
    if (items.length === limit) return looked
    looked = one.topic
    if (isWanted(one, terms)) items.push(one)
  }
  return undefined
}

function isWanted({ topic: filter }: OwnedSubscription, { topic, search }: SubscriptionTerms): boolean {
  const matches = topic === undefined || matchesFilter(shareOf(filter)?.filter ?? filter, topic)
  return matches && (search === undefined || filter.includes(search))
}
