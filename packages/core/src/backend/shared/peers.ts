import type { Clock } from '../../time/index.ts'
import type { SharedStore } from './shared-store.ts'

/** Who is told of other nodes. */
export interface PeerEvents {
  /** It gets this node's routes from now on. */
  joined(node: string): void
  /** Its lease has ended, or it is not there any more: nobody waits for it. */
  dead(node: string): void
  /** The store knows of no such node any more. */
  vanished(node: string): void
  /** Its lease has ended long enough ago, in sight of this node: whoever wants may claim what it left. Told at each look. */
  abandoned(node: string): void
}

/** The other nodes of the service. */
export class Peers {
  readonly #store: SharedStore
  readonly #clock: Clock
  readonly #listeners: Partial<PeerEvents>[] = []
  readonly #live = new Set<string>()
  /** Nodes that were added while the store was being asked: its answer may be older. */
  readonly #newer = new Set<string>()
  /** All that have a part, as the store said last. */
  #known: ReadonlySet<string> = new Set()
  #alive: ReadonlySet<string> = new Set()
  /** Those that have stopped, and had sent all that they were to send. */
  readonly #left = new Set<string>()
  /** Since when this node sees that a lease has ended, by the stack's clock. */
  readonly #deadSince = new Map<string, number>()

  /** Since when the store knows of no node that was asked for, by the stack's clock. */
  readonly #missingSince = new Map<string, number>()

  /**
   * How long a node is to be dead in sight of this one, in ms. One that starts waits less, for its clients wait: others that are alive
   * renew their leases in a third of one.
   */
  #patience: number

  constructor(store: SharedStore, clock: Clock) {
    this.#store = store
    this.#patience = store.lease / 2
    this.#clock = clock
  }

  /** Nodes that have this one's routes and hear of each change: those that are waited for. */
  get live(): ReadonlySet<string> {
    return this.#live
  }

  /** All nodes but this one that have a part, dead ones among them. */
  get known(): ReadonlySet<string> {
    return this.#known
  }

  /** Those of them whose lease has not ended. */
  get alive(): ReadonlySet<string> {
    return this.#alive
  }

  /** From now on a node that is dead is left to itself for as long as its lease. */
  beginService(): void {
    this.#patience = this.#store.lease
  }

  on(listener: Partial<PeerEvents>): void {
    this.#listeners.push(listener)
  }

  /** It gets this node's routes now, and hears of each change. */
  add(node: string): void {
    if (node === this.#store.node) return
    const isNew = !this.#live.has(node)
    this.#left.delete(node)
    this.#live.add(node)
    this.#newer.add(node)
    if (isNew) for (const { joined } of this.#listeners) joined?.(node)
  }

  /** It stops, and sends nothing more. */
  leave(node: string): void {
    this.#left.add(node)
    this.remove(node)
  }

  /** Whether nothing comes of a node before it is back: it has said so. */
  hasLeft(node: string): boolean {
    return this.#left.has(node)
  }

  /** There is no such node any more. */
  remove(node: string): void {
    this.#deadSince.delete(node)
    if (!this.#live.delete(node)) return
    for (const { dead } of this.#listeners) dead?.(node)
  }

  /** Asks the store who is there. */
  async look(): Promise<void> {
    this.#newer.clear()
    const nodes = await this.#store.nodes()
    const now = this.#clock.now()
    const others = nodes.filter(({ node }) => node !== this.#store.node)
    const before = this.#known
    this.#known = new Set([...others.map(({ node }) => node), ...this.#newer])
    this.#alive = new Set([...others.filter(({ alive }) => alive).map(({ node }) => node), ...this.#newer])
    for (const node of [...this.#live]) if (!this.#alive.has(node)) this.remove(node)
    for (const node of before) if (!this.#known.has(node)) this.#vanish(node)
    for (const node of [...this.#deadSince.keys()])
      if (this.#alive.has(node) || !this.#known.has(node)) this.#deadSince.delete(node)
    for (const node of this.#known) if (!this.#alive.has(node)) this.#judge(node, now)
  }

  /** Whether the store has known of no such node for two leases: nothing of it can come any more. */
  isForgotten(node: string): boolean {
    if (this.#known.has(node) || node === this.#store.node) {
      this.#missingSince.delete(node)
      return false
    }
    const now = this.#clock.now()
    const since = this.#missingSince.get(node) ?? now
    this.#missingSince.set(node, since)
    if (now - since < 2 * this.#store.lease) return false
    return this.#missingSince.delete(node)
  }

  /** The store was out of reach: who was seen dead may have been so for no other reason. */
  forgive(): void {
    this.#deadSince.clear()
  }

  #vanish(node: string): void {
    this.#left.delete(node)
    for (const { vanished } of this.#listeners) vanished?.(node)
  }

  #judge(node: string, now: number): void {
    const since = this.#deadSince.get(node)
    if (since === undefined) this.#deadSince.set(node, now)
    else if (now - since >= this.#patience) for (const { abandoned } of this.#listeners) abandoned?.(node)
  }
}
