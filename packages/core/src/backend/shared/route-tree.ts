import type { Share } from '../../contract/index.ts'
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

/** Which other nodes want what. */
export class RouteTree {
  readonly #tree: TopicTree<NodeRoute>
  /** By node: the routes that it has, by filter and group. */
  readonly #byNode = new Map<string, Map<string, RouteChange>>()
  /** Nodes of which a snapshot has come. */
  readonly #heard = new Set<string>()
  /** Snapshots that are coming, by node. */
  readonly #coming = new Map<string, Map<string, RouteChange>>()

  /** @param worked Told of the steps that a match took which was not remembered. */
  constructor(worked: (steps: number) => void) {
    this.#tree = new TopicTree({ worked })
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

  /** Answers whether a snapshot of the node is complete with it. */
  apply(node: string, { part, changes }: Pick<RoutesFrame, 'part' | 'changes'>): boolean {
    if (part === 'change') {
      for (const change of changes) this.#set(node, change)
      return false
    }
    const whole =
      part === 'first' || part === 'only' ? new Map<string, RouteChange>() : this.#coming.get(node)
    // The beginning was for an earlier process of this node.
    if (whole === undefined) return false
    this.#coming.set(node, whole)
    for (const change of changes) whole.set(keyOf(change), change)
    if (part === 'first' || part === 'next') return false
    this.#coming.delete(node)
    this.#heard.add(node)
    const before = [...(this.#byNode.get(node) ?? [])]
    for (const [key, { filter, group }] of before)
      if (!whole.has(key)) this.#set(node, { filter, group, members: 0, connected: false })
    for (const change of whole.values()) this.#set(node, change)
    return true
  }

  /** Its routes are no more. */
  drop(node: string): void {
    this.#coming.delete(node)
    this.#heard.delete(node)
    for (const { filter, group } of this.of(node))
      this.#set(node, { filter, group, members: 0, connected: false })
  }

  #set(node: string, change: RouteChange): void {
    const { filter, group, members, connected } = change
    const routes = this.#byNode.get(node) ?? new Map<string, RouteChange>()
    const route = { node, members, connected }
    if (members === 0) {
      routes.delete(keyOf(change))
      if (group === undefined) this.#tree.remove(filter, node)
      else this.#tree.removeShared(filter, group, node)
    } else {
      routes.set(keyOf(change), change)
      if (group === undefined) this.#tree.add(filter, node, route)
      else this.#tree.addShared(filter, group, node, route)
    }
    if (routes.size === 0) this.#byNode.delete(node)
    else this.#byNode.set(node, routes)
  }
}

function keyOf({ filter, group }: RouteChange): string {
  return group === undefined ? filter : `$share/${group}/${filter}`
}
