import type { Publish } from '../../packets/index.ts'
import type { LogEntry } from '../log-entry.ts'
import type { Change } from '../ordered-store.ts'
import type { LateChange } from './batch.ts'
import type { Commits } from './commits.ts'
import { messageKey } from './keys.ts'
import type { Removals } from './removals.ts'

/** A message with a key of its own. */
class SharedMessage implements LateChange {
  batch: object | undefined = undefined
  /** How many logs it is in. */
  count = 0
  /** It may be on the disk. */
  made: boolean
  /** While it waits to be written. */
  packet: Publish | undefined = undefined
  readonly #messageId: number

  constructor(messageId: number, made: boolean) {
    this.#messageId = messageId
    this.made = made
  }

  make(): Change {
    const value = this.packet?.encode()
    this.packet = undefined
    this.made = true
    return { key: messageKey(this.#messageId), value }
  }
}

/** Messages that are in more than one log: each is written once, and goes when the last log lets it go. */
export class SharedMessages {
  readonly #commits: Commits
  readonly #removals: Removals
  readonly #messages = new Map<number, SharedMessage>()
  #batch: object | undefined
  /** The first log that a message comes into in a batch: it is kept there, until a second one wants it. */
  #firsts = new Map<number, LogEntry>()

  constructor(commits: Commits, removals: Removals) {
    this.#commits = commits
    this.#removals = removals
  }

  /** How many messages have a key of their own. */
  get size(): number {
    return this.#messages.size
  }

  /** An entry is being staged. Its message may be in another log too: then it gets a key of its own. */
  keep(entry: LogEntry): void {
    if (this.#batch !== this.#commits.batch) {
      this.#batch = this.#commits.batch
      this.#firsts = new Map()
    }
    const { messageId, packet } = entry
    const first = this.#firsts.get(messageId)
    // What was taken back since has nothing to share.
    if (first?.staged?.batch === undefined) {
      this.#firsts.set(messageId, entry)
      return
    }
    // A rule may have given each receiver a message of its own.
    if (first.packet !== packet) return
    if (!first.shared) this.#add(first)
    this.#add(entry)
  }

  /** An entry that an earlier process left. */
  restore(entry: LogEntry): void {
    const message = this.#messages.get(entry.messageId) ?? new SharedMessage(entry.messageId, true)
    this.#messages.set(entry.messageId, message)
    entry.shared = true
    message.count++
  }

  /** An entry is written otherwise, or goes: it is not to be written again as it was. */
  leave(entry: LogEntry): void {
    if (this.#firsts.get(entry.messageId) === entry) this.#firsts.delete(entry.messageId)
  }

  /** An entry does not need its message any more. */
  letGo(entry: LogEntry): void {
    this.leave(entry)
    if (!entry.shared) return
    entry.shared = false
    const { messageId } = entry
    const message = this.#messages.get(messageId)
    if (message === undefined || --message.count > 0) return
    this.#messages.delete(messageId)
    this.#commits.withdraw(message)
    if (message.made) this.#removals.remove(messageKey(messageId), () => this.#messages.has(messageId))
  }

  #add(entry: LogEntry): void {
    const { messageId, packet } = entry
    let message = this.#messages.get(messageId)
    if (message === undefined) {
      message = new SharedMessage(messageId, false)
      this.#messages.set(messageId, message)
    }
    // In each batch anew: the one before may fail.
    if (message.batch !== this.#commits.batch) {
      message.packet = packet
      this.#commits.putLate(message, true)
    }
    entry.shared = true
    message.count++
  }
}
