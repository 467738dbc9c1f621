import type { SharedGroup } from '@mqtt-stack/core'
import type { SessionRecord } from './session-record.ts'
import type { Subscriber } from './subscriber.ts'

/** How a message of a shared subscription finds its receiver. */
export type ShareStrategy = 'round-robin' | 'random' | 'sticky' | 'publisher'

export const SHARE_STRATEGIES: readonly ShareStrategy[] = ['round-robin', 'random', 'sticky', 'publisher']

/** Whom a group sticks to. */
const chosen = new WeakMap<SharedGroup<Subscriber>, SessionRecord>()

/**
 * The member of a group that gets a message: a connected one if there is any, otherwise one that may come back.
 * @param except Who does not get it any more.
 */
export function chooseMember(
  group: SharedGroup<Subscriber>,
  strategy: ShareStrategy,
  publisher: string,
  except?: string,
): Subscriber | undefined {
  const { members } = group
  const first = firstOf(group, members, strategy, publisher)
  let offline: Subscriber | undefined
  for (let i = 0; i < members.length; i++) {
    const at = (first + i) % members.length
    const member = members[at]
    if (member.record.clientId === except) continue
    if (isThere(member)) {
      if (strategy === 'sticky') {
        group.cursor = at
        chosen.set(group, member.record)
      }
      return member
    }
    if (member.record.stored) offline ??= member
  }
  return offline
}

/** Whether a member is connected. */
export function isThere({ record }: Subscriber): boolean {
  return record.client?.closed === false
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
