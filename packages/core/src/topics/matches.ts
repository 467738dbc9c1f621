import { ChurnMap } from './churn-map.ts'

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

/** One subscription; `order` counts all of a tree. */
export class Subscription<T> {
  readonly key: string
  readonly order: number
  value: T

  constructor(key: string, order: number, value: T) {
    this.key = key
    this.order = order
    this.value = value
  }
}

/**
 * The members of a shared subscription: those who subscribed to one filter under one share name. The same object
 * stands in all answers for as long as it has members, so who is chosen is decided at each delivery.
 */
export class SharedGroup<T> {
  readonly name: string
  readonly filter: string
  readonly order: number
  /** The chooser's own: where its round robin stands. The tree neither reads nor writes it. */
  cursor = 0
  readonly #byKey = new ChurnMap<Subscription<T>>()
  #members: readonly T[] | undefined

  constructor(name: string, filter: string, order: number) {
    this.name = name
    this.filter = filter
    this.order = order
  }

  get size(): number {
    return this.#byKey.size
  }

  /** The members' values in the order in which they joined: a new array after each change. */
  get members(): readonly T[] {
    if (this.#members === undefined) {
      const members: Subscription<T>[] = []
      this.#byKey.pushInto(members)
      this.#members = valuesInOrder(members)
    }
    return this.#members
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key)?.value
  }

  /** For the tree: makes a key a member; true when it was one. */
  set(key: string, order: number, value: T): boolean {
    this.#members = undefined
    const known = this.#byKey.get(key)
    if (known === undefined) this.#byKey.set(key, new Subscription(key, order, value))
    else known.value = value
    return known !== undefined
  }

  /** For the tree. */
  delete(key: string): boolean {
    this.#members = undefined
    return this.#byKey.delete(key)
  }
}

/** The values of subscriptions, in the order in which they came; sorts the array. */
export function valuesInOrder<T>(subscriptions: Subscription<T>[]): T[] {
  return sortByOrder(subscriptions).map((subscription) => subscription.value)
}

/** Sorts by order, in place; what is in order already, as it mostly is, costs one look at each. */
export function sortByOrder<E extends { readonly order: number }>(items: E[]): E[] {
  for (let i = 1; i < items.length; i++) {
    if (items[i - 1]!.order > items[i]!.order) return items.sort((a, b) => a.order - b.order)
  }
  return items
}
