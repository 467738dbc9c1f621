import type { Share } from '../../contract/index.ts'
import type { RouteChange } from './frames.ts'

/** What this node has of a filter or a group. */
interface OwnRoute {
  readonly filter: string
  readonly group: string | undefined
  members: number
}

/** What the clients of this node subscribe to, counted by filter and by group. */
export class OwnRoutes {
  readonly #routes = new Map<string, OwnRoute>()
  readonly #isConnected: (share: Share) => boolean

  /** @param isConnected Whether a member of a group is. */
  constructor(isConnected: (share: Share) => boolean) {
    this.#isConnected = isConnected
  }

  /** Whether some client subscribes. */
  has(topic: string): boolean {
    return this.#routes.has(topic)
  }

  /** A client has subscribed; answers whether it is the first one. */
  add(topic: string, share: Share | undefined): boolean {
    const known = this.#routes.get(topic)
    if (known !== undefined) known.members++
    else this.#routes.set(topic, { filter: share?.filter ?? topic, group: share?.group, members: 1 })
    return known === undefined
  }

  /** A client has no such subscription any more; answers whether nobody has. */
  remove(topic: string): boolean {
    const known = this.#routes.get(topic)
    if (known === undefined || --known.members > 0) return false
    this.#routes.delete(topic)
    return true
  }

  /** As others are to know it now. */
  of(topic: string, share: Share | undefined): RouteChange {
    const known = this.#routes.get(topic)
    const { filter, group } = share ?? { filter: topic, group: undefined }
    if (known === undefined) return { filter, group, members: 0, connected: false }
    if (group === undefined) return { filter, group, members: 1, connected: false }
    return { filter, group, members: known.members, connected: this.#isConnected({ filter, group }) }
  }

  /** All of it, a page at a time. */
  *pages(size: number): Iterable<RouteChange[]> {
    let page: RouteChange[] = []
    for (const { filter, group, members } of this.#routes.values()) {
      const connected = group !== undefined && this.#isConnected({ filter, group })
      page.push({ filter, group, members: group === undefined ? 1 : members, connected })
      if (page.length < size) continue
      yield page
      page = []
    }
    if (page.length > 0) yield page
  }
}
