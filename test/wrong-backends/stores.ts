/** Ordered stores that are wrong, each in one thing. */
import { Buffer } from 'node:buffer'
import type { Change, Entry, KeyRange } from '@mqtt-stack/core/backend'
import { MemoryStore } from '@mqtt-stack/testing'

/** Sorts short keys before long ones. */
export class SortsByLength extends MemoryStore {
  override read({ from, to }: KeyRange, limit: number): readonly Entry[] {
    const all = super.read({ from: Buffer.alloc(0), to: Buffer.alloc(500, 0xff) }, Number.POSITIVE_INFINITY)
    return all
      .filter(({ key }) => byLength(from, key) <= 0 && byLength(key, to) < 0)
      .sort((one, other) => byLength(one.key, other.key))
      .slice(0, limit)
  }
}

/** Answers with what is under the key `to` as well. */
export class IncludesTheEnd extends MemoryStore {
  override read({ from, to }: KeyRange, limit: number): readonly Entry[] {
    return super.read({ from, to: Buffer.concat([to, Buffer.of(0)]) }, limit)
  }
}

/** Answers with all that there is. */
export class IgnoresTheLimit extends MemoryStore {
  override read(range: KeyRange): readonly Entry[] {
    return super.read(range, Number.POSITIVE_INFINITY)
  }
}

/** Takes the first change of a key, and no later one of the batch. */
export class TakesTheFirstChange extends MemoryStore {
  override write(batch: readonly Change[]): Promise<void> {
    const first = new Map<string, Change>()
    for (const change of batch) {
      const key = Buffer.from(change.key).toString('hex')
      if (!first.has(key)) first.set(key, change)
    }
    return super.write([...first.values()])
  }
}

/** Makes the removals of a batch behind all else. */
export class RemovesLast extends MemoryStore {
  override write(batch: readonly Change[]): Promise<void> {
    return super.write([
      ...batch.filter(({ value }) => value !== undefined),
      ...batch.filter(({ value }) => value === undefined),
    ])
  }
}

/** Shows the first half of a batch before the second is made. */
export class WritesInHalves extends MemoryStore {
  override async write(batch: readonly Change[]): Promise<void> {
    await super.write(batch.slice(0, batch.length / 2))
    for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate)
    await super.write(batch.slice(batch.length / 2))
  }
}

/** Takes a value of no bytes for none. */
export class LosesEmptyValues extends MemoryStore {
  override write(batch: readonly Change[]): Promise<void> {
    return super.write(
      batch.map(({ key, value }) => ({ key, value: value?.length === 0 ? undefined : value })),
    )
  }
}

/** Answers each time with the same memory. */
export class UsesMemoryAgain extends MemoryStore {
  readonly #memory = Buffer.alloc(2 ** 24)

  override read(range: KeyRange, limit: number): readonly Entry[] {
    let used = 0
    const copy = (bytes: Uint8Array): Uint8Array => {
      this.#memory.set(bytes, used)
      used += bytes.length
      return this.#memory.subarray(used - bytes.length, used)
    }
    return super.read(range, limit).map(({ key, value }) => ({ key: copy(key), value: copy(value) }))
  }
}

function byLength(one: Uint8Array, other: Uint8Array): number {
  return one.length - other.length || Buffer.compare(one, other)
}
