import { Buffer } from 'node:buffer'
import type { Change, Entry, KeyRange } from '@mqtt-stack/core/backend'
import { PAGE_BYTES } from '@mqtt-stack/core/backend'

/** Values by their keys, in the order of the bytes of the keys. */
export class SortedBytes {
  readonly #values = new Map<string, Uint8Array>()
  #sorted: string[] | undefined

  /** How many keys there are. */
  get size(): number {
    return this.#values.size
  }

  /** A page ends where it may, by its bytes. */
  read({ from, to }: KeyRange, limit: number): readonly Entry[] {
    this.#sorted ??= [...this.#values.keys()].sort()
    const [first, last] = [keyOf(from), keyOf(to)]
    const found: Entry[] = []
    let bytes = 0
    for (let i = firstFrom(this.#sorted, first); i < this.#sorted.length && found.length < limit; i++) {
      const key = this.#sorted[i]
      if (key >= last || bytes >= PAGE_BYTES) break
      const value = this.#values.get(key) as Uint8Array
      bytes += value.length
      found.push({ key: Buffer.from(key, 'latin1'), value })
    }
    return found
  }

  write(batch: readonly Change[]): void {
    for (const { key, value } of batch) {
      const name = keyOf(key)
      if (this.#values.has(name) !== (value !== undefined)) this.#sorted = undefined
      if (value === undefined) this.#values.delete(name)
      else this.#values.set(name, Uint8Array.from(value))
    }
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
