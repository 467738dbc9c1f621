import type { Share } from '../../contract/index.ts'
import type { Pace, Steps } from '../../time/index.ts'
import type { Matches, SharedGroup } from '../../topics/index.ts'
import { TopicTree } from '../../topics/index.ts'
import type { RouteChange, RoutesFrame } from './frames.ts'

/** Another node, as a receiver of what matches a filter. */
export interface NodeRoute {
  readonly node: string
  /** Of a group. */
  readonly members: number
  readonly connected: boolean
}

/** Who says when work of many steps is to rest. */
export type RoutePace = Pick<Pace, 'count' | 'spent' | 'rest'>

/** Routes that are taken away between two looks at the clock. */
const TOGETHER = 64

/** Which other nodes want what. */
export class RouteTree {
  readonly #tree: TopicTree<NodeRoute>
  /** By node: the routes that it has, by filter and group. */
  readonly #byNode = new Map<string, Map<string, RouteChange>>()
  /** Nodes of which a snapshot has come. */
  readonly #heard = new Set<string>()
  /** Snapshots that are coming, by node: what was in them. */
  readonly #coming = new Map<string, Set<string>>()
  readonly #pace: RoutePace

  /** @param pace Told of the steps that a match took which was not remembered; asked where the routes of a node may be many. */
  constructor(pace: RoutePace) {
    this.#pace = pace
    this.#tree = new TopicTree({ worked: (steps) => pace.count(steps) })
  }

  /** One a filter or group, and node. */
  get size(): number {
    return this.#tree.size
  }

  match(topic: string): Matches<NodeRoute> {
    return this.#tree.match(topic)
  }

  /** What other nodes have of a group. */
  group({ filter, group }: Share): SharedGroup<NodeRoute> | undefined {
    return this.#tree.getGroup(filter, group)
  }

  /** All nodes of which everything is known here. */
  get nodes(): ReadonlySet<string> {
    return this.#heard
  }

  /** All nodes of which something is known here. */
  get owners(): string[] {
    return [...new Set([...this.#heard, ...this.#byNode.keys(), ...this.#coming.keys()])]
  }

  /** What is known of a node. */
  of(node: string): readonly RouteChange[] {
    return [...(this.#byNode.get(node)?.values() ?? [])]
  }

  /** Answers whether a snapshot of the node is complete with it. Pages of one count as they come, so that none of them is much work. */
  *apply(node: string, { part, changes }: Pick<RoutesFrame, 'part' | 'changes'>): Steps<boolean> {
    if (part === 'first' || part === 'only') this.#coming.set(node, new Set())
    const seen = this.#coming.get(node)
    // The beginning was for an earlier process of this node.
    if (seen === undefined && part !== 'change') return false
    for (const change of changes) {
      this.#set(node, change)
      if (change.members > 0) seen?.add(keyOf(change))
      else seen?.delete(keyOf(change))
    }
    if (seen === undefined || (part !== 'last' && part !== 'only')) return false
    this.#coming.delete(node)
    this.#heard.add(node)
    let count = 0
    for (const [key, { filter, group }] of this.#byNode.get(node) ?? []) {
      if (!seen.has(key)) this.#set(node, { filter, group, members: 0, connected: false })
      if (++count % TOGETHER === 0 && this.#pace.spent) yield this.#pace.rest()
    }
    return true
  }

  /** Its routes are no more. */
  *drop(node: string): Steps {
    const routes = this.#forget(node)
    let count = 0
    for (const [key, route] of routes) {
      // It may be back by now, and have it again.
      if (this.#byNode.get(node)?.has(key) !== true) this.#remove(node, route)
      if (++count % TOGETHER === 0 && this.#pace.spent) yield this.#pace.rest()
    }
  }

  /** The same, without a rest. */
  dropNow(node: string): void {
    for (const route of this.#forget(node).values()) this.#remove(node, route)
  }

  /** Nothing is known of it any more; answers what still stands in the tree. */
  #forget(node: string): ReadonlyMap<string, RouteChange> {
    const routes = this.#byNode.get(node)
    this.#coming.delete(node)
    this.#heard.delete(node)
    this.#byNode.delete(node)
    return routes ?? new Map<string, RouteChange>()
  }

  #set(node: string, change: RouteChange): void {
    const { filter, group, members, connected } = change
    const routes = this.#byNode.get(node) ?? new Map<string, RouteChange>()
    const route = { node, members, connected }
    if (members === 0) {
      routes.delete(keyOf(change))
      this.#remove(node, change)
    } else {
      routes.set(keyOf(change), change)
      if (group === undefined) this.#tree.add(filter, node, route)
      else this.#tree.addShared(filter, group, node, route)
    }
    if (routes.size === 0) this.#byNode.delete(node)
    else this.#byNode.set(node, routes)
  }

  #remove(node: string, { filter, group }: RouteChange): void {
    if (group === undefined) this.#tree.remove(filter, node)
    else this.#tree.removeShared(filter, group, node)
  }
}

function keyOf({ filter, group }: RouteChange): string {
  return group === undefined ? filter : `$share/${group}/${filter}`
}
