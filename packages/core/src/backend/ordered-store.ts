/** What a backend is kept in: bytes, in their order. A driver for a database is one of these. */

import type { MetricFamily } from '../contract/index.ts'

/** The keys from `from` on, up to `to` and without it, in the order of bytes. */
export interface KeyRange {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/** A key and what is kept under it. */
export interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** What is to be kept under a key; `undefined`: the key goes. */
export interface Change {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** Keys are no longer than this, in bytes. */
export const MAX_KEY_BYTES = 480

/** A page of a store may end where its values have so many bytes together. */
export const PAGE_BYTES = 1_048_576

/**
 * An ordered store of bytes. A backend makes one for each start. It opens it before anything else, has one `write` under way
 * at a time, and closes it when none is, once: also where `open`, or a read behind it, failed. It is not opened again.
 *
 * Bytes are never changed once they were handed over. The backend changes nothing that it gave to `write` or got from `read`, so
 * a store may keep them as they are; nor does a store write into what it answered, which stays with the backend. They may
 * be views of a larger `ArrayBuffer`: nobody hands that on, or transfers it.
 */
export interface OrderedStore {
  /**
   * Answers when it may be read and written.
   * @throws StackError that names what is wrong and what to do, where it cannot be. `close` comes behind that too.
   */
  open(): void | Promise<void>
  /** Answers when all is let go, of a store that could not be opened as well. A `read` that is under way may fail. */
  close(): void | Promise<void>
  /**
   * What is committed, in the order of the bytes of the keys (as `Buffer.compare` has it); at most `limit` entries, and
   * fewer only where the range has no more, or where their values have {@link PAGE_BYTES} or more together: a store may stop behind the first
   * entry with which they do. Pages of at most 1,000 are asked for. Comes at any time, several at once too.
   *
   * Where it fails at start the start rejects. Later what it was for fails: a client whose log cannot be read loses its connection and
   * keeps its session, a will is due again some seconds later, a purge rejects. The next read is tried as any other.
   */
  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]>
  /**
   * Makes all changes, in their order, or none; fulfils when they are durable, as far as the store promises it.
   * A key may come more than once: the last one counts. One that is not there may be removed.
   *
   * A batch has no bound: a message has an entry for every session that is to have it, and a session ends with all that
   * it holds. A value has one message and what belongs to it: not much more than the stack's `packetLimit` (1 MiB by
   * default, 256 MiB at most), or than what `broker.publish` is given.
   *
   * Where it fails nothing of the batch counts, and nothing of it is tried again: see `STORE_FAILED`.
   */
  write(batch: readonly Change[]): Promise<void>
  /**
   * What it measures of its own, for `lookupMetrics`: round trips, say. How long writes take and how large they are is
   * counted by the backend. No label is what a client chose.
   */
  metrics?(): readonly MetricFamily[]
}
