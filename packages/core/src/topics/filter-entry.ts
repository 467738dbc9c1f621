import { Matches } from './matches.ts'
import type { SharedGroup } from './shared-group.ts'
import { SmallMap } from './small-map.ts'
import type { TreeSubscription } from './tree-subscription.ts'
import { sortByOrder, valuesInOrder } from './tree-subscription.ts'

/** From how many subscribers on a filter keeps the answer for the topics that it alone matches. */
const KEEP_FROM = 16

/** All that is subscribed to one filter. */
export class FilterEntry<T> {
  readonly filter: string
  readonly wild: boolean
  readonly subscribers: SmallMap<TreeSubscription<T>> = new SmallMap()
  groups: SmallMap<SharedGroup<T>> | undefined = undefined
  #answer: Matches<T> | undefined

  constructor(filter: string, wild: boolean) {
    this.filter = filter
    this.wild = wild
  }

  get empty(): boolean {
    return this.subscribers.size === 0 && (this.groups === undefined || this.groups.size === 0)
  }

  /** Whether {@link answer} is kept here: then it takes no memory of its own in each topic's memory. */
  get keepsAnswer(): boolean {
    return this.wild && this.subscribers.size >= KEEP_FROM
  }

  /** The answer for a topic that no other filter matches: one array for however many topics. */
  answer(): Matches<T> {
    if (this.#answer !== undefined) return this.#answer
    const subscriptions: TreeSubscription<T>[] = []
    this.subscribers.pushInto(subscriptions)
    const answer = new Matches(valuesInOrder(subscriptions), groupsOf([this]))
    if (this.keepsAnswer) this.#answer = answer
    return answer
  }

  /** A subscriber or a group came, went or changed: the remembered answer is wrong. */
  forgetAnswer(): void {
    this.#answer = undefined
  }
}

/**
 * The answer for a topic that all these filters match.
 * @param merge Makes one value of those of one key, which are two or more.
 */
export function mergeAnswers<T>(
  entries: readonly FilterEntry<T>[],
  merge: (values: readonly T[]) => T,
): Matches<T> {
  const subscriptions: TreeSubscription<T>[] = []
  for (const entry of entries) entry.subscribers.pushInto(subscriptions)
  const values: T[] = []
  const indexes = new Map<string, number>()
  /** All values of the keys that have several, by the place of the first. */
  let several: Map<number, T[]> | undefined
  for (const { key, value } of sortByOrder(subscriptions)) {
    const index = indexes.get(key)
    if (index === undefined) {
      indexes.set(key, values.length)
      values.push(value)
      continue
    }
    several ??= new Map()
    const known = several.get(index)
    if (known === undefined) several.set(index, [values[index] as T, value])
    else known.push(value)
  }
  if (several !== undefined) for (const [index, all] of several) values[index] = merge(all)
  return new Matches(values, groupsOf(entries))
}

function groupsOf<T>(entries: readonly FilterEntry<T>[]): SharedGroup<T>[] {
  const groups: SharedGroup<T>[] = []
  for (const entry of entries) entry.groups?.pushInto(groups)
  return sortByOrder(groups)
}
