import type { Clock } from '@mqtt-stack/core'
import type { SharedStore } from '@mqtt-stack/core/backend'
import type { Asked } from './service/memory-node.ts'
import { MemoryNode } from './service/memory-node.ts'
import { ServiceState } from './service/service-state.ts'

/** What a {@link MemoryService} goes by. */
export interface MemoryServiceOptions {
  /** Leases end by it, and whoever waits for an entry waits by it: no real time passes. */
  clock: Clock
  /** How long a lease lasts, in ms; 6,000 by default. */
  lease?: number
  /** How long a call waits where the store is out of reach, in ms; 10,000 by default. */
  patience?: number
  /** How many entries of the feed of retained messages are kept; 10,000 by default. */
  feed?: number
}

/** What there is in the store. */
export interface Left {
  /** Keys, and entries of the inbox and their bytes, by node. */
  readonly parts: Readonly<
    Record<string, { readonly keys: number; readonly entries: number; readonly bytes: number }>
  >
  readonly names: number
  /** Keys of the map of retained messages. */
  readonly retained: number
}

/**
 * A store that several nodes of one process share, for tests of what is distributed: its calls may take long, nodes are killed, hang and
 * are cut off, and answers are lost. Each call takes at least a turn of the event loop.
 */
export class MemoryService {
  readonly #state: ServiceState
  readonly #patience: number
  readonly #nodes = new Map<string, MemoryNode>()

  constructor({ clock, lease = 6_000, patience = 10_000, feed = 10_000 }: MemoryServiceOptions) {
    this.#state = new ServiceState(clock, lease, feed)
    this.#patience = patience
  }

  /** How long a lease lasts, in ms. */
  get lease(): number {
    return this.#state.lease
  }

  /** How long a call, and a cast, is on its way, in ms of the clock; 0 at first. */
  get lag(): number {
    return this.#state.lag
  }

  set lag(ms: number) {
    this.#state.lag = ms
  }

  /** What there is in the store now. */
  get left(): Left {
    const { parts, names, map } = this.#state
    const counted = [...parts.values()].map(
      ({ node, values, inbox }) =>
        [node, { keys: values.size, entries: inbox.size, bytes: inbox.bytes }] as const,
    )
    return { parts: Object.fromEntries(counted), names: names.size, retained: map.values.size }
  }

  /** The store for a process that begins: what is done by this name from now on is done to it. */
  node(name: string): SharedStore {
    const node = new MemoryNode(name, this.#state, this.#patience)
    this.#nodes.set(name, node)
    return node
  }

  /**
   * As if the process was killed: nothing that it does from now on reaches the store, and it hears nothing any more. Its lease runs out.
   * @param underWay What becomes of writes and sends that it waits for; `lost` by default.
   */
  kill(name: string, underWay: 'lost' | 'written' = 'lost'): void {
    this.#of(name).kill(underWay)
  }

  /** As if the process stood still: its calls reach the store when it is healed, and nobody tells it. */
  hang(name: string): void {
    this.#of(name).turn('hung')
  }

  /** The store is out of reach for this node, which is told: its calls wait, and fail when they have waited for long. */
  cut(name: string): void {
    this.#of(name).turn('cut')
  }

  /** It reaches the store again. */
  heal(name: string): void {
    this.#of(name).turn('open')
  }

  /**
   * The next answer of this kind is lost, on its way to this node; the store has done what was asked.
   * @param then `retried`: the store is asked again, so that what is sent comes twice, and what is written is known and made once. `failed`:
   *   the call rejects.
   */
  lose(name: string, asked: Asked, then: 'retried' | 'failed' = 'retried'): void {
    this.#of(name).lose(asked, then)
  }

  #of(name: string): MemoryNode {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    return node
  }
}
