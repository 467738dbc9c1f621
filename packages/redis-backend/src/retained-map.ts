import type { Buffer } from 'node:buffer'
import { setTimeout as delay } from 'node:timers/promises'
import type { Change, Entry, KeyRange, Posted, SharedMap } from '@mqtt-stack/core/backend'
import { leaseLost, PAGE_BYTES } from '@mqtt-stack/core/backend'
import { argumentsOf, entriesIn } from './changes.ts'
import { isFull } from './failures.ts'
import type { MapKeys } from './keys.ts'
import type { Argument, Link } from './link.ts'
import { positionOf } from './positions.ts'
import { BEGIN_WRITES, CLEAR_FEED, TRIM_FEED, WRITE_MAP, WRITE_MAP_WHEN_FULL } from './scripts/map.ts'
import { READ } from './scripts/script.ts'
import type { StreamReader } from './stream-reader.ts'

/** How long an entry of the feed stays, in ms, and how large the feed may be, in bytes. Who is further behind reads the map anew. */
const AGE = 60_000
const SIZE = 64 * 1_024 * 1_024
/** Where others have written into the feed it is looked at again after so many ms. */
const FOREIGN = 200
/** How many writes go into one script at most, and with how many bytes no further one does. */
const TOGETHER = 256
const TOGETHER_BYTES = 2 * 1_024 * 1_024

interface Write {
  readonly batch: readonly Change[]
  readonly posted: Uint8Array
  readonly resolve: (position: string) => void
  readonly reject: (error: Error) => void
}

/** One script is under way at a time: what is written meanwhile goes with the next one. */
export class RetainedMap implements SharedMap {
  readonly #link: Link
  readonly #reader: StreamReader
  readonly #keys: MapKeys
  readonly #writer: string
  #waiting: Write[] = []
  #isWriting = false
  #number = 0
  #trimmedAt = 0

  /** @param writer Tells Redis who writes: the name of the node alone, a later one may have too. */
  constructor(link: Link, reader: StreamReader, keys: MapKeys, writer: string) {
    this.#link = link
    this.#reader = reader
    this.#keys = keys
    this.#writer = writer
  }

  write(batch: readonly Change[], posted: Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, posted, resolve, reject })
      if (!this.#isWriting) void this.#writeAll()
    })
  }

  async read({ from, to }: KeyRange, limit: number): Promise<readonly Entry[]> {
    return entriesIn(
      await this.#link.run(READ, [this.#keys.order, this.#keys.values], [from, to, limit, PAGE_BYTES]),
    )
  }

  async position(): Promise<string> {
    const last = (await this.#link.command('HGET', [this.#keys.meta, 'last'])) as Buffer | null
    return last === null ? '' : positionOf(last.toString('latin1'))
  }

  /** Also nothing where Redis has lost what was behind the position: the map is another one then. */
  async changes(after: string, limit: number): Promise<readonly Posted[] | undefined> {
    const { feed, meta } = this.#keys
    const [entries, [trimmed, last]] = await this.#reader.readWith(feed, after, limit, meta, [
      'trimmed',
      'last',
    ])
    if (trimmed !== null && positionOf(String(trimmed)) > after) return undefined
    if (after !== '' && (last === null || positionOf(String(last)) < after)) return undefined
    // What is behind the last one, nobody of ours has written.
    const newest = last === null ? '' : positionOf(String(last))
    const own = entries.filter(({ position }) => position <= newest)
    if (own.length > 0) return own
    if (entries.length > 0) await delay(FOREIGN)
    else this.#trim()
    return own
  }

  /** This node may write from now on, until {@link clear} is called for it. */
  async begin(): Promise<void> {
    await this.#link.run(BEGIN_WRITES, [this.#keys.meta], [this.#writer])
  }

  /** What its writer had there goes, and with it that it may write; and the feed where nobody is there to read it. */
  async clear(writer: string, isLast: boolean, patience?: number): Promise<void> {
    const { order, feed, meta } = this.#keys
    await this.#link.command('HDEL', [meta, `w:${writer}`], patience)
    if (isLast) await this.#link.run(CLEAR_FEED, [order, feed, meta], [], patience)
  }

  /** Where nobody writes nobody trims. */
  #trim(): void {
    const now = performance.now()
    if (now - this.#trimmedAt < AGE / 2) return
    this.#trimmedAt = now
    this.#link.run(TRIM_FEED, [this.#keys.feed, this.#keys.meta], [AGE, SIZE]).catch(() => {})
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const writes = this.#waiting.splice(0, this.#next())
      // Where memory is full some of them may free some.
      if (!(await this.#settle(writes, writes.length > 1)))
        for (const write of writes) await this.#settle([write], false)
    }
    this.#isWriting = false
  }

  /** How many of those that wait go together. */
  #next(): number {
    let count = 0
    for (let bytes = 0; count < this.#waiting.length && count < TOGETHER && bytes < TOGETHER_BYTES; count++)
      bytes += this.#waiting[count].posted.length
    return count
  }

  /** @param mayPart Where memory is full it answers with false, and each of them is to be tried alone. */
  async #settle(writes: readonly Write[], mayPart: boolean): Promise<boolean> {
    try {
      const ids = await this.#writeTogether(writes)
      for (const [i, { resolve }] of writes.entries()) resolve(positionOf(ids[i]))
    } catch (error) {
      if (mayPart && isFull(error)) return false
      for (const { reject } of writes) reject(error as Error)
    }
    return true
  }

  async #writeTogether(writes: readonly Write[]): Promise<string[]> {
    const { order, values, feed, meta } = this.#keys
    const args: Argument[] = [this.#writer, ++this.#number, AGE, SIZE, writes.length]
    for (const { posted } of writes) args.push(posted)
    for (const arg of argumentsOf(writes.flatMap(({ batch }) => batch))) args.push(arg)
    const keys = [order, values, feed, meta]
    const ids = await this.#link.runSafely(WRITE_MAP, keys, args).catch(async (error: Error) => {
      const made = isFull(error) ? await this.#link.runSafely(WRITE_MAP_WHEN_FULL, keys, args) : 0
      if (made === 0) throw error
      return made
    })
    if (ids === null) throw leaseLost(this.#writer.split('/')[0])
    return String(ids).split(' ')
  }
}
