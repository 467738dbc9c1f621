import type { SharedStore } from '@mqtt-stack/core/backend'

/** A database, or the like, with nothing in it; each test has one of its own. */
export interface SharedPlace {
  /** A store over this place, for a node that begins; there may be others. Their leases are all of one length. */
  open(node: string): SharedStore
  /** Fulfils when so many ms have passed by the clock that leases end by. */
  pass(ms: number): void | Promise<void>
  /** So many entries of the feed of retained messages may be kept; without it that older ones go is not tested. */
  readonly feed?: number
  /** Takes the place away, when the test is over. */
  remove?(): void | Promise<void>
}
