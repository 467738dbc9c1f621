/** What a backend is kept in: bytes, in their order. A driver for a database is one of these. */

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

/**
 * An ordered store of bytes. The backend opens it before anything else, has one `write` under way at a time, and closes
 * it when none is.
 */
export interface OrderedStore {
  /**
   * Answers when it may be read and written.
   * @throws StackError that names what is wrong and what to do, where it cannot be.
   */
  open(): void | Promise<void>
  /** Answers when all is let go. */
  close(): void | Promise<void>
  /** What is committed, in the order of the bytes of the keys (as `Buffer.compare` has it); at most `limit` entries. */
  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]>
  /**
   * Makes all changes, in their order, or none; fulfils when they are durable, as far as the store promises it.
   * A key may come more than once: the last one counts.
   */
  write(batch: readonly Change[]): Promise<void>
}
