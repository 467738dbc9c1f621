import type { Clock } from '@mqtt-stack/core'
import type { Change, Entry, KeyRange, Posted, SharedMap } from '@mqtt-stack/core/backend'
import { SortedBytes } from '../sorted-bytes.ts'
import type { MemoryNode } from './memory-node.ts'
import { PostedLog } from './posted-log.ts'

/** The map that all nodes share, and its feed. */
export class MapState {
  readonly values: SortedBytes = new SortedBytes()
  readonly feed: PostedLog

  constructor(clock: Clock) {
    this.feed = new PostedLog(clock)
  }
}

/** The map as one node sees it. */
export class MemoryMap implements SharedMap {
  readonly #node: MemoryNode
  readonly #state: MapState
  readonly #kept: () => number

  /** @param kept How many entries of the feed are kept. */
  constructor(node: MemoryNode, state: MapState, kept: () => number) {
    this.#node = node
    this.#state = state
    this.#kept = kept
  }

  write(batch: readonly Change[], posted: Uint8Array): Promise<string> {
    const { values, feed } = this.#state
    return this.#node.call(() => {
      this.#node.check()
      values.write(batch)
      const position = feed.add(posted)
      feed.keep(this.#kept())
      return position
    }, 'retain')
  }

  read(range: KeyRange, limit: number): Promise<readonly Entry[]> {
    return this.#node.call(() => this.#state.values.read(range, limit))
  }

  position(): Promise<string> {
    return this.#node.call(() => this.#state.feed.position)
  }

  changes(after: string, limit: number): Promise<readonly Posted[] | undefined> {
    const { feed } = this.#state
    return this.#node.look(feed, () => (feed.hasGap(after) ? undefined : feed.behind(after, limit)))
  }
}
