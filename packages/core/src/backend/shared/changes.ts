import type { Share } from '../../contract/index.ts'
import type { RouteChange } from './frames.ts'
import type { OwnRoutes } from './own-routes.ts'

/** A filter that has changed. */
interface Changed {
  readonly share: Share | undefined
  /** Nobody had it before: whoever is to hear of it does not know it. */
  readonly isNew: boolean
}

/** Which filters have changed since a node was told: each is one, however often that was. */
export class Changes {
  /** By filter as it was subscribed to. */
  readonly #filters = new Map<string, Changed>()
  /** A mark is wanted. */
  isWanted = false

  get isEmpty(): boolean {
    return this.#filters.size === 0
  }

  add(topic: string, share: Share | undefined, isNew: boolean): void {
    if (!this.#filters.has(topic)) this.#filters.set(topic, { share, isNew })
  }

  /** What came later; what has come and gone since is none. */
  addAll(later: Changes, own: OwnRoutes): void {
    for (const [topic, { share, isNew }] of later.#filters) {
      this.add(topic, share, isNew)
      if (!this.#isNews(topic, own)) this.#filters.delete(topic)
    }
    this.isWanted ||= later.isWanted
  }

  /** As it is now. */
  now(own: OwnRoutes): RouteChange[] {
    const changes: RouteChange[] = []
    for (const [topic, { share }] of this.#filters)
      if (this.#isNews(topic, own)) changes.push(own.of(topic, share))
    return changes
  }

  #isNews(topic: string, own: OwnRoutes): boolean {
    return this.#filters.get(topic)?.isNew !== true || own.has(topic)
  }
}
