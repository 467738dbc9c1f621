import { Buffer } from 'node:buffer'
import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'

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
  readonly #values = new Map<string, Uint8Array>()
  #sorted: string[] | undefined
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

  read({ from, to }: KeyRange, limit: number): readonly Entry[] {
    this.#sorted ??= [...this.#values.keys()].sort()
    const [first, last] = [keyOf(from), keyOf(to)]
    const found: Entry[] = []
    for (let i = firstFrom(this.#sorted, first); i < this.#sorted.length && found.length < limit; i++) {
      const key = this.#sorted[i]
      if (key >= last) break
      found.push({ key: Buffer.from(key, 'latin1'), value: this.#values.get(key) as Uint8Array })
    }
    return found
  }

  async write(batch: readonly Change[]): Promise<void> {
    const generation = this.#generation
    await this.beforeCommit?.(batch)
    for (let i = 0; i < this.commit; i++) await new Promise(setImmediate)
    // A process that was killed hears nothing any more.
    if (generation !== this.#generation) return new Promise(() => {})
    if (this.failure !== undefined) throw this.failure
    for (const { key, value } of batch) {
      const name = keyOf(key)
      if (this.#values.has(name) !== (value !== undefined)) this.#sorted = undefined
      if (value === undefined) this.#values.delete(name)
      else this.#values.set(name, Uint8Array.from(value))
    }
    this.commits++
  }
}

/** A character for each byte: such strings are in the order of their bytes. */
function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** Where the keys from this one on begin. */
function firstFrom(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle] < key) low = middle + 1
    else high = middle
  }
  return low
}
