import type { Clock } from '@mqtt-stack/core'
import { SortedBytes } from '../sorted-bytes.ts'
import type { MemoryNode } from './memory-node.ts'
import { PostedLog } from './posted-log.ts'

/** What the service keeps of a node. */
export class Part {
  readonly node: string
  readonly values: SortedBytes = new SortedBytes()
  readonly inbox: PostedLog
  /** Who writes into it: the node itself, or who has claimed it. */
  holder: MemoryNode
  /** When the node's lease ends, by the service's clock. */
  leaseEnd = 0
  /** It was forgotten. */
  isGone = false

  constructor(holder: MemoryNode, clock: Clock) {
    this.node = holder.node
    this.holder = holder
    this.inbox = new PostedLog(clock)
  }

  get isClaimed(): boolean {
    return this.holder.node !== this.node
  }
}
