import type { Change, ClaimedPart, Entry, KeyRange, Posted } from '@mqtt-stack/core/backend'
import { leaseLost } from '@mqtt-stack/core/backend'
import type { MemoryNode } from './memory-node.ts'
import type { Part } from './part.ts'

/** A part, in the hands of a node: its own, or one that it has claimed. */
export class MemoryPart implements ClaimedPart {
  readonly #node: MemoryNode
  readonly #part: Part
  readonly #remove: () => void
  #writing = false

  /** @param remove Takes the part out of the service. */
  constructor(node: MemoryNode, part: Part, remove: () => void) {
    this.#node = node
    this.#part = part
    this.#remove = remove
  }

  read(range: KeyRange, limit: number): Promise<readonly Entry[]> {
    return this.#node.call(() => this.#part.values.read(range, limit))
  }

  async write(batch: readonly Change[]): Promise<void> {
    if (this.#writing) throw new Error(`two writes into the part of ${this.#part.node} at once`)
    this.#writing = true
    try {
      await this.#node.call(() => {
        this.check()
        this.#part.values.write(batch)
      }, 'write')
    } finally {
      this.#writing = false
    }
  }

  receive(after: string, limit: number): Promise<readonly Posted[]> {
    const { inbox } = this.#part
    return this.#node.look(inbox, () => inbox.behind(after, limit))
  }

  trim(upTo: string): Promise<void> {
    return this.#node.call(() => {
      this.check()
      this.#part.inbox.trim(upTo)
    })
  }

  forget(received: string): Promise<boolean> {
    return this.#node.call(() => {
      this.check()
      if (this.#part.inbox.behind(received, 1).length > 0) return false
      this.#remove()
      return true
    })
  }

  /** The lease begins anew, for `lease` ms. */
  renew(until: () => number): Promise<void> {
    return this.#node.call(() => {
      this.check()
      this.#part.leaseEnd = until()
    })
  }

  /** @throws StackError `LEASE_LOST` where it is another node's. */
  check(): void {
    const { holder, node, isGone } = this.#part
    if (holder !== this.#node || isGone) throw leaseLost(this.#node.node, node)
  }
}
