import type { Clock } from '@mqtt-stack/core'
import { MapState } from './memory-map.ts'
import type { MemoryNode } from './memory-node.ts'
import type { Part } from './part.ts'

/** What all nodes of a service share. */
export class ServiceState {
  readonly clock: Clock
  /** How long a lease lasts, in ms. */
  readonly lease: number
  /** How long a call takes on its way, in ms of the clock. */
  lag = 0
  /** How many entries of the feed are kept. */
  feed: number
  readonly parts: Map<string, Part> = new Map<string, Part>()
  readonly names: Map<string, string> = new Map<string, string>()
  readonly map: MapState

  constructor(clock: Clock, lease: number, feed: number) {
    this.clock = clock
    this.lease = lease
    this.feed = feed
    this.map = new MapState(clock)
  }

  /** The lease of this part's node has not ended, and nobody has claimed it. */
  isAlive(part: Part): boolean {
    return !part.isClaimed && part.leaseEnd > this.clock.now()
  }

  /** Another node has claimed this part, and is alive. */
  isAdopted({ holder, isClaimed }: Part, by?: MemoryNode): boolean {
    const own = this.parts.get(holder.node)
    return isClaimed && holder !== by && own?.holder === holder && this.isAlive(own)
  }
}
