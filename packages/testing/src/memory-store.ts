import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import { SortedBytes } from './sorted-bytes.ts'

/** What a {@link MemoryStore} does otherwise than to answer at once. */
export interface MemoryStoreOptions {
  /** What a commit takes, in ms; a turn of the event loop stands for each, so that no real time passes. 0 by default. */
  commit?: number
}

/**
 * An ordered store for tests of backends: a disk that is memory, that may be slow, fail, hang and be cut off. It
 * outlives the backends that open it, one after the other.
 */
export class MemoryStore implements OrderedStore {
  /** What a commit takes, in ms. */
  commit: number
  /** Writes fail with this error as long as it is set. */
  failure: Error | undefined
  /** Called before each commit; a promise holds it up. */
  beforeCommit: ((batch: readonly Change[]) => void | Promise<void>) | undefined
  /** How many batches were committed. */
  commits = 0
  readonly #values = new SortedBytes()
  /** Who opened it last: what an earlier one writes is lost. */
  #generation = 0

  constructor({ commit = 0 }: MemoryStoreOptions = {}) {
    this.commit = commit
  }

  /** How many keys there are. */
  get size(): number {
    return this.#values.size
  }

  open(): void {
    this.#generation++
  }

  close(): void {}

  /** As if the process that has it open had been killed: nothing that it has under way is kept. */
  crash(): void {
    this.#generation++
  }

  read(range: KeyRange, limit: number): readonly Entry[] {
    return this.#values.read(range, limit)
  }

  async write(batch: readonly Change[]): Promise<void> {
    const generation = this.#generation
    await this.beforeCommit?.(batch)
    for (let i = 0; i < this.commit; i++) await new Promise(setImmediate)
    // A process that was killed hears nothing any more.
    if (generation !== this.#generation) return new Promise(() => {})
    if (this.failure !== undefined) throw this.failure
    this.#values.write(batch)
    this.commits++
  }
}
