/** One subscription; `order` counts all of a tree. */
export class TreeSubscription<T> {
  readonly key: string
  readonly order: number
  value: T

  constructor(key: string, order: number, value: T) {
    this.key = key
    this.order = order
    this.value = value
  }
}

/** The values of subscriptions, in the order in which they came; sorts the array. */
export function valuesInOrder<T>(subscriptions: TreeSubscription<T>[]): T[] {
  return sortByOrder(subscriptions).map((subscription) => subscription.value)
}

/** Sorts by order, in place; what is in order already, as it mostly is, costs one look at each. */
export function sortByOrder<E extends { readonly order: number }>(items: E[]): E[] {
  for (let i = 1; i < items.length; i++) {
    if (items[i - 1]!.order > items[i]!.order) return items.sort((a, b) => a.order - b.order)
  }
  return items
}
