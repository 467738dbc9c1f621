/** A store at work: opened in a place of its own, and asked in hex. */
import { Buffer } from 'node:buffer'
import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import { MAX_KEY_BYTES, PAGE_BYTES } from '@mqtt-stack/core/backend'
import type { StorePlace } from '../over-store.ts'

/** A key or a value: a text stands for its UTF-8 bytes. */
export type Bytes = string | Uint8Array

/** Every key that there may be. */
export const ALL: KeyRange = { from: Uint8Array.of(0), to: new Uint8Array(MAX_KEY_BYTES + 1).fill(0xff) }

/** A backend asks for no more at a time. */
const PAGE = 1_000

export class StoreBench {
  readonly #place: StorePlace
  #store: OrderedStore
  #open = false

  constructor(place: StorePlace) {
    this.#place = place
    this.#store = place.open()
  }

  async start(): Promise<void> {
    this.#open = true
    await this.#store.open()
  }

  /** Closes the store, and opens another one over the same place. */
  async reopen(): Promise<void> {
    await this.#stop()
    this.#store = this.#place.open()
    await this.start()
  }

  /** Ends everything. */
  async close(): Promise<void> {
    try {
      await this.#stop()
    } finally {
      await this.#place.remove?.()
    }
  }

  /** Closes the store, and leaves the place. */
  async #stop(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#store.close()
  }

  write(...batch: readonly Change[]): Promise<void> {
    return this.#store.write(batch)
  }

  /** Entries of a range: all of them, in pages, unless a limit is given. */
  async read(range: KeyRange = ALL, limit?: number): Promise<readonly Entry[]> {
    if (limit !== undefined) return this.#store.read(range, limit)
    const found: Entry[] = []
    let { from } = range
    for (;;) {
      const page = await this.#store.read({ from, to: range.to }, PAGE)
      found.push(...page)
      const bytes = page.reduce((sum, { value }) => sum + value.length, 0)
      if (page.length === 0 || (page.length < PAGE && bytes < PAGE_BYTES)) return found
      const { key } = page[page.length - 1]
      if (Buffer.compare(key, from) < 0) throw new Error(`a page from ${hex(from)} on ended with ${hex(key)}`)
      from = Uint8Array.from([...key, 0])
    }
  }

  /** The keys of a range, in hex. */
  async keys(range?: KeyRange, limit?: number): Promise<string[]> {
    return (await this.read(range, limit)).map(({ key }) => hex(key))
  }

  /** All that is there: values by keys, both as text. */
  async texts(): Promise<Record<string, string>> {
    return Object.fromEntries((await this.read()).map(({ key, value }) => [text(key), text(value)]))
  }
}

/** A change that keeps a value. */
export function put(key: Bytes, value: Bytes): Change {
  return { key: bytesOf(key), value: bytesOf(value) }
}

/** A change that takes a key away. */
export function remove(key: Bytes): Change {
  return { key: bytesOf(key), value: undefined }
}

/** The keys from one on, up to another. */
export function range(from: Bytes, to: Bytes): KeyRange {
  return { from: bytesOf(from), to: bytesOf(to) }
}

export function hex(bytes: Uint8Array): string {
  return viewOf(bytes).toString('hex')
}

export function text(bytes: Uint8Array): string {
  return viewOf(bytes).toString()
}

function bytesOf(bytes: Bytes): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
