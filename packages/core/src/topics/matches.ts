import type { SharedGroup } from './shared-group.ts'

/**
 * Who receives a topic. It is remembered and given out again: read only, down to its arrays. What is in it never
 * changes after a later subscription, but for the members of its groups.
 */
export class Matches<T> {
  /** One value a key, merged if several of its filters match, in the order in which the keys subscribed. */
  readonly subscribers: readonly T[]
  /** The shared groups whose filters match: each is owed a copy of its own. */
  readonly groups: readonly SharedGroup<T>[]

  constructor(subscribers: readonly T[], groups: readonly SharedGroup<T>[]) {
    this.subscribers = subscribers
    this.groups = groups
  }
}
