import { ChurnMap } from './churn-map.ts'
import { TreeSubscription, valuesInOrder } from './tree-subscription.ts'

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
  readonly #byKey = new ChurnMap<TreeSubscription<T>>()
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
      const members: TreeSubscription<T>[] = []
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
    if (known === undefined) this.#byKey.set(key, new TreeSubscription(key, order, value))
    else known.value = value
    return known !== undefined
  }

  /** For the tree. */
  delete(key: string): boolean {
    this.#members = undefined
    return this.#byKey.delete(key)
  }
}
