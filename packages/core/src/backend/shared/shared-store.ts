/** What several nodes keep one service in. A driver for a database that they share is one of these. */
import type { Change, Entry, KeyRange, OrderedStore } from '../ordered-store.ts'

/** A node of the service, as the store knows it. */
export interface NodeState {
  /** Its name: of letters, digits, `.`, `_` and `-`, at most 64 of them. */
  readonly node: string
  /** Its lease has not ended. */
  readonly alive: boolean
}

/** An entry of an inbox or of the feed of retained messages. */
export interface Posted {
  /** Its place: grows with each entry, and is greater as a string where it is later (as `<` compares). */
  readonly position: string
  readonly bytes: Uint8Array
}

/** What a node has of its own: bytes in their order, and an inbox. */
export interface NodePart {
  /** As {@link OrderedStore.read}. */
  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]>
  /**
   * As {@link OrderedStore.write}. Where the lease was lost meanwhile nothing is written, and it rejects with `LEASE_LOST`. A batch
   * whose answer was lost is tried again by the store itself, for a bounded time, and is made once.
   */
  write(batch: readonly Change[]): Promise<void>
  /**
   * The entries of the inbox behind a position (`''`: all), in order; at most `limit`, and fewer where they are many bytes. Waits for one, at
   * most about a second, where there is none.
   */
  receive(after: string, limit: number): Promise<readonly Posted[]>
  /** Entries up to this position are done with, and may go. Nobody waits for it. */
  trim(upTo: string): Promise<void>
}

/** The part of a node whose lease has ended, claimed by this one: what the other still writes fails. */
export interface ClaimedPart extends NodePart {
  /** All of it was moved: it goes. False, and nothing goes, where the inbox has entries behind `received`. */
  forget(received: string): Promise<boolean>
}

/** A map of bytes that all nodes share, with a feed of its changes in the one order that all see. */
export interface SharedMap {
  /**
   * Makes all changes or none, and adds them to the feed as one entry; its position. Where another node has claimed this one's part
   * nothing is written, and it rejects with `LEASE_LOST`: what is late must not come over what others have written since.
   */
  write(batch: readonly Change[], posted: Uint8Array): Promise<string>
  /** What is in it now, in the order of keys; as {@link OrderedStore.read}. */
  read(range: KeyRange, limit: number): Promise<readonly Entry[]>
  /** The position of the newest entry of the feed; `''` where there was none. */
  position(): Promise<string>
  /**
   * Entries behind a position, in order; at most `limit`, and fewer where they are many bytes. Waits for one, at most about a second, where there
   * is none. Nothing where entries behind it are gone: then the map is read anew.
   */
  changes(after: string, limit: number): Promise<readonly Posted[] | undefined>
}

/** What a store tells of itself. */
export interface SharedStoreEvents {
  /** The store is out of reach, and why; or (nothing) it is back. */
  reach(failure: Error | undefined): void
  /** Bytes that another node {@link SharedStore.cast}, in the order in which that one did. */
  cast(bytes: Uint8Array): void
}

/**
 * A store that several nodes share, as one of them sees it. It is an ordered store, which holds what is this node's own, and
 * besides has what nodes reach each other by. Positions and names are the store's; everything in the bytes is the backend's.
 *
 * `open` joins the service: this node has a lease from then on, and what an earlier one of its name left. It rejects with `NODE_TAKEN`
 * where another one of this name is alive, or a live node has claimed its part. `close` gives the lease up, and leaves what is in
 * the part for whoever claims it.
 */
export interface SharedStore extends OrderedStore, NodePart {
  /** The name of this node. */
  readonly node: string
  /** How long a lease lasts, in ms. */
  readonly lease: number
  /** Called once, before `open`. */
  listen(events: SharedStoreEvents): void
  /** The lease begins anew. Rejects with `LEASE_LOST` where another node has claimed this one's part. */
  renew(): Promise<void>
  /**
   * This node goes, with all that is in its part; only `close` comes behind it. False, and nothing goes, where the inbox has
   * entries behind `received`.
   */
  leave(received: string): Promise<boolean>
  /** All nodes that have a part, this one among them. */
  nodes(): Promise<readonly NodeState[]>
  /**
   * The part of a node whose lease has ended, for this node alone; nothing where it is alive, claimed by another live node, or not
   * there. Asked again for what it has claimed it answers with it again.
   */
  claim(node: string): Promise<ClaimedPart | undefined>
  /**
   * Adds an entry to a node's inbox; fulfils when it is durable, as far as the store promises it. False where there is no such
   * node any more. The backend has one under way for each node at a time; one whose answer was lost may come twice.
   */
  send(node: string, bytes: Uint8Array): Promise<boolean>
  /**
   * How many bytes wait in the inbox of a node, about: those of the entries that are not trimmed, with or without what they cost beside.
   * 0 where there is no such node. Asked now and then, and where much waits.
   */
  waiting(node: string): Promise<number>
  /** Hands bytes to a node at once or not at all: nothing waits for them, and nothing keeps them. */
  cast(node: string, bytes: Uint8Array): void
  /**
   * Sets a name that all nodes share, if it is as expected (`undefined`: not there), in one step for all nodes. Answers what it was
   * before: it was set where that is what was expected.
   */
  swap(name: string, expected: string | undefined, value: string | undefined): Promise<string | undefined>
  /** Names whose value begins with this, page by page. */
  names(prefix: string): AsyncIterable<{ readonly name: string; readonly value: string }>
  readonly retained: SharedMap
  /** Milliseconds since 1970 as the store has them: the one clock of the service. */
  time(): Promise<number>
}

/** Tells a store that several nodes share from one that one process has alone. */
export function isSharedStore(store: OrderedStore): store is SharedStore {
  return typeof (store as Partial<SharedStore>).claim === 'function'
}
