/**
 * How a database is opened. Apart from what opens it: what this package declares names no type of LMDB, whose
 * declarations not every setting of a compiler takes.
 */

/** When a commit counts: once it is on the disk, or once the operating system has it. */
export type Sync = 'commit' | 'interval'

export interface DatabaseOptions {
  /** The directory; made where there is none. */
  readonly path: string
  readonly sync: Sync
  /** Told of a file that could not be used, and which name it has now. */
  readonly onSetAside: (file: string, aside: string, reason: string) => void
}
