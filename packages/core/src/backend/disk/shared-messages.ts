import type { LogEntry } from '../log-entry.ts'
import type { Commits } from './commits.ts'
import { messageKey } from './keys.ts'

/** The first log that a message comes into in a batch: it is kept there, until a second one wants it. */
interface First {
  readonly entry: LogEntry
  /** Writes the entry again, without the message. */
  readonly write: () => void
}

/** Messages that are in more than one log: each is written once, and goes when the last log lets it go. */
export class SharedMessages {
  readonly #commits: Commits
  readonly #counts = new Map<number, number>()
  #batch: object | undefined
  #firsts = new Map<number, First>()

  constructor(commits: Commits) {
    this.#commits = commits
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
      this.#commits.put(messageKey(messageId), packet.encode())
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

  /** An entry does not need its message any more. */
  letGo(entry: LogEntry): void {
    if (!entry.shared) return
    entry.shared = false
    if (this.#count(entry.messageId, -1) === 0) this.#commits.put(messageKey(entry.messageId), undefined)
  }

  #count(messageId: number, more: number): number {
    const count = (this.#counts.get(messageId) ?? 0) + more
    if (count === 0) this.#counts.delete(messageId)
    else this.#counts.set(messageId, count)
    return count
  }
}
