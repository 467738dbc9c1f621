import type { SharedGroup } from '@mqtt-stack/core'
import type { Subscriber } from './subscriber.ts'

/** How a message of a shared subscription finds its receiver. */
export type ShareStrategy = 'round-robin' | 'random' | 'sticky' | 'publisher'

export const SHARE_STRATEGIES: readonly ShareStrategy[] = ['round-robin', 'random', 'sticky', 'publisher']

/**
 * The member of a group that gets a message: a connected one if there is any.
 * @param except Who does not get it any more.
 */
export function chooseMember(
  group: SharedGroup<Subscriber>,
  strategy: ShareStrategy,
  publisher: string,
  except?: string,
): Subscriber | undefined {
  const { members } = group
  const first = firstOf(group, members.length, strategy, publisher)
  let offline: Subscriber | undefined
  for (let i = 0; i < members.length; i++) {
    const at = (first + i) % members.length
    const member = members[at]
    if (member.record.clientId === except) continue
    if (member.record.client !== undefined) {
      if (strategy === 'sticky') group.cursor = at
      return member
    }
    offline ??= member
  }
  return offline
}

function firstOf(
  group: SharedGroup<Subscriber>,
  count: number,
  strategy: ShareStrategy,
  publisher: string,
): number {
  if (strategy === 'random') return Math.floor(Math.random() * count)
  if (strategy === 'publisher') return hash(publisher) % count
  if (strategy === 'sticky') return group.cursor % count
  group.cursor = (group.cursor + 1) % count
  return group.cursor
}

function hash(text: string): number {
  let value = 0
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0
  return value
}
