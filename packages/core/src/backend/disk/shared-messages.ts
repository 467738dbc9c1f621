import type { LogEntry } from '../log-entry.ts'
import type { Commits } from './commits.ts'
import { messageKey } from './keys.ts'
import type { Removals } from './removals.ts'

/** The first log that a message comes into in a batch: it is kept there, until a second one wants it. */
interface First {
  readonly entry: LogEntry
  /** Writes the entry again, without the message. */
  readonly write: () => void
}

/** Messages that are in more than one log: each is written once, and goes when the last log lets it go. */
export class SharedMessages {
  readonly #commits: Commits
  readonly #removals: Removals
  readonly #counts = new Map<number, number>()
  #batch: object | undefined
  #firsts = new Map<number, First>()

  constructor(commits: Commits, removals: Removals) {
    this.#commits = commits
    this.#removals = removals
  }

  /** How many messages have a key of their own. */
  get size(): number {
    return this.#counts.size
  }

  /**
   * Says whether an entry that is being staged holds its message itself; otherwise the message has a key of its own.
   * @param write Stages the entry again, where a later one of this batch shares its message.
   */
  keep(entry: LogEntry, write: () => void): boolean {
    if (this.#batch !== this.#commits.batch) {
      this.#batch = this.#commits.batch
      this.#firsts = new Map()
    }
    const { messageId, packet } = entry
    const first = this.#firsts.get(messageId)
    if (first === undefined) {
      this.#firsts.set(messageId, { entry, write })
      return true
    }
    // A rule may have given each receiver a message of its own.
    if (first.entry.packet !== packet) return true
    if (!first.entry.shared) {
      first.entry.shared = true
      this.#count(messageId, 1)
      const key = messageKey(messageId)
      this.#removals.keep(key)
      this.#commits.put(key, packet.encode())
      first.write()
    }
    entry.shared = true
    this.#count(messageId, 1)
    return false
  }

  /** An entry that an earlier process left. */
  restore(entry: LogEntry): void {
    entry.shared = true
    this.#count(entry.messageId, 1)
  }

  /** An entry is written otherwise, or goes: it is not to be written again as it was. */
  leave(entry: LogEntry): void {
    if (this.#firsts.get(entry.messageId)?.entry === entry) this.#firsts.delete(entry.messageId)
  }

  /** An entry does not need its message any more. */
  letGo(entry: LogEntry): void {
    this.leave(entry)
    if (!entry.shared) return
    entry.shared = false
    if (this.#count(entry.messageId, -1) === 0) this.#removals.remove(messageKey(entry.messageId))
  }

  #count(messageId: number, more: number): number {
    const count = (this.#counts.get(messageId) ?? 0) + more
    if (count === 0) this.#counts.delete(messageId)
    else this.#counts.set(messageId, count)
    return count
  }
}
