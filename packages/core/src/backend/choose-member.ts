import type { Publish } from '../packets/index.ts'
import type { SharedGroup } from '../topics/index.ts'
import type { SessionRecord } from './session-record.ts'
import type { Subscriber } from './subscriber.ts'

/** How a message of a shared subscription finds its receiver. */
export type ShareStrategy = 'round-robin' | 'random' | 'sticky' | 'publisher'

export const SHARE_STRATEGIES: readonly ShareStrategy[] = ['round-robin', 'random', 'sticky', 'publisher']

/** Whom a group sticks to. */
const chosen = new WeakMap<SharedGroup<Subscriber>, SessionRecord>()

/** How well a member can take a message; the best is asked. */
const READY = 0
/** It is connected, and has yet to take what it was sent. */
const CONGESTED = 1
/** It may come back. */
const AWAY = 2
/** It is connected, and takes nothing so large. */
const TOO_LARGE = 3
/** It does not come back. */
const GONE = 4

/**
 * The member of a group that gets a message: the next in turn who can take it at once. If nobody can, one who is
 * connected and can take it later; then one that may come back.
 * @param except Client identifiers of those who do not get it.
 */
export function chooseMember(
  group: SharedGroup<Subscriber>,
  strategy: ShareStrategy,
  publisher: string,
  packet: Publish,
  except?: ReadonlySet<string>,
): Subscriber | undefined {
  const { members } = group
  const first = firstOf(group, members, strategy, publisher)
  let best = -1
  let bestRank = GONE
  for (let i = 0; i < members.length; i++) {
    const at = (first + i) % members.length
    const member = members[at]
    if (except?.has(member.record.clientId) === true) continue
    const rank = rankOf(member, packet)
    if (rank >= bestRank) continue
    best = at
    bestRank = rank
    if (rank === READY) break
  }
  if (best < 0) return undefined
  if (strategy === 'sticky' && isThere(members[best])) {
    group.cursor = best
    chosen.set(group, members[best].record)
  }
  return members[best]
}

/** Whether a member is connected. */
export function isThere({ record }: Subscriber): boolean {
  return record.client?.closed === false
}

function rankOf(member: Subscriber, packet: Publish): number {
  const { client, stored } = member.record
  if (client === undefined || client.closed) return stored ? AWAY : GONE
  if (!client.takes(packet, member.terms(packet).qos)) return TOO_LARGE
  return client.congested ? CONGESTED : READY
}

function firstOf(
  group: SharedGroup<Subscriber>,
  members: readonly Subscriber[],
  strategy: ShareStrategy,
  publisher: string,
): number {
  const count = members.length
  if (strategy === 'random') return Math.floor(Math.random() * count)
  if (strategy === 'publisher') return hash(publisher) % count
  if (strategy === 'sticky') return stuckAt(group, members)
  group.cursor = (group.cursor + 1) % count
  return group.cursor
}

/** Where the chosen one stands, however many came and went before it. */
function stuckAt(group: SharedGroup<Subscriber>, members: readonly Subscriber[]): number {
  const record = chosen.get(group)
  if (record === undefined || members[group.cursor]?.record === record) return group.cursor % members.length
  return Math.max(
    members.findIndex((member) => member.record === record),
    0,
  )
}

function hash(text: string): number {
  let value = 0
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0
  return value
}
