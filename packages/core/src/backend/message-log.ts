import type { DropReason, Share } from '../contract/index.ts'
import type { Account } from '../memory/index.ts'
import { Sequences } from '../packets/index.ts'
import { ENTRY_COST } from './costs.ts'
import type { EntryInit } from './log-entry.ts'
import { LogEntry } from './log-entry.ts'
import { Sequenced } from './sequenced.ts'

/** How far back {@link MessageLog.markSent} looks for a message that may be gone. */
const LOOK_BACK = 1_000

/** The messages that a session has not acknowledged, in order; bounded in messages and bytes. */
export class MessageLog {
  readonly #entries = new Sequenced<LogEntry>()
  /** Those of shared subscriptions that were sent. */
  readonly #sent = new Set<number>()
  readonly #account: Account
  #sequences = new Sequences()
  #bytes = 0
  /** Up to here messages may have been sent: then their time is not over any more [MQTT-4.3.3-7]. */
  #begun = 0
  /** Messages that look-ups do not show yet. */
  hidden = 0
  /** Sequences above this one are another node's to hand out. */
  limit: number = Number.POSITIVE_INFINITY
  /** When the next of those behind that is over. */
  #nextExpiry: number = Number.POSITIVE_INFINITY

  /** @param account What the messages cost is counted here. */
  constructor(account: Account) {
    this.#account = account
  }

  /** How many messages it holds. */
  get size(): number {
    return this.#entries.size
  }

  /** The highest sequence that was handed out. */
  get last(): number {
    return this.#sequences.last
  }

  /** Bytes that they take, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Its place in the log, or why it is not taken. */
  append(message: EntryInit, maxMessages: number, maxBytes: number): LogEntry | DropReason {
    const { packet, expiresAt = 0 } = message
    if (this.#entries.size >= maxMessages || this.#bytes + packet.size > maxBytes) return 'log-full'
    if (this.#sequences.last >= this.limit) return 'log-full'
    if (!this.#account.keep(packet, ENTRY_COST, true)) return 'memory-full'
    packet.own()
    const entry = new LogEntry(message, this.#sequences.next(this.#entries))
    this.#entries.add(entry)
    this.#bytes += packet.size
    if (expiresAt !== 0 && expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt
    return entry
  }

  get(sequence: number): LogEntry | undefined {
    return this.#entries.get(sequence)
  }

  /** In order. */
  get entries(): Iterable<LogEntry> {
    return this.#entries.values()
  }

  /**
   * Goes on as an earlier process left it.
   * @param begun Up to here messages may have been sent.
   */
  restore(last: number, begun: number): void {
    this.#sequences = new Sequences(last)
    this.#begun = Math.min(begun, last)
  }

  /** Up to here messages may have been sent. */
  get begun(): number {
    return this.#begun
  }

  /** The message goes from memory: it is on the disk. Those of shared subscriptions stay, for others may want them. */
  letGo(entry: LogEntry): void {
    if (!entry.held || entry.share !== undefined || this.#entries.get(entry.sequence) !== entry) return
    this.#account.giveUp(entry.packet, 0)
    entry.letGo()
  }

  /** A message of an earlier process. */
  restoreEntry(entry: LogEntry): void {
    const { packet, sequence, expiresAt, released, share, qos } = entry
    this.#entries.add(entry)
    // It was accepted, and is kept whether or not the memory is less than it was.
    if (entry.held) this.#account.keepAnyway(packet, ENTRY_COST)
    else this.#account.add(ENTRY_COST)
    if (!released) this.#bytes += entry.size
    if (share !== undefined && qos === 2 && sequence <= this.#begun) this.#sent.add(sequence)
    if (expiresAt !== 0 && expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt
  }

  /** Entries of another node, in their order, before all that is in the log now. */
  putEarlier(entries: readonly LogEntry[]): void {
    const later = [...this.#entries.values()]
    this.#entries.clear()
    for (const entry of entries) this.restoreEntry(entry)
    for (const entry of later) this.#entries.add(entry)
    // Which identifiers they have is looked at anew.
    this.#sequences = new Sequences(this.#sequences.last)
  }

  /** What is in it now may be on its way. */
  begin(): void {
    this.#begun = this.#sequences.last
  }

  /** Takes out the messages whose time was over before they were sent [MQTT-3.3.2-5]. */
  takeExpired(now: number): LogEntry[] {
    const found: LogEntry[] = []
    if (now < this.#nextExpiry) return found
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) {
      const { sequence, expiresAt } = entry
      if (sequence <= this.#begun || expiresAt === 0) continue
      if (expiresAt > now) this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt)
      else {
        found.push(entry)
        this.remove(sequence)
      }
    }
    return found
  }

  /** Pushes up to `limit` messages behind a sequence. */
  read(into: LogEntry[], after: number, limit: number): void {
    const end = into.length + limit
    const { last } = this.#sequences
    // From the beginning, or where most of what is behind is a hole, as another node leaves it.
    if (after === 0 || last - after > this.#entries.size + LOOK_BACK) {
      for (const entry of this.#entries.values()) {
        if (entry.sequence <= after) continue
        if (into.length >= end || !isVisible(entry)) return
        this.#give(entry, into)
      }
      return
    }
    // Whoever reads on has sent nothing behind that place, so there are few holes: no need to pass what is before.
    for (let sequence = after + 1; sequence <= last && into.length < end; sequence++) {
      const entry = this.#entries.get(sequence)
      if (entry === undefined) continue
      if (!isVisible(entry)) return
      this.#give(entry, into)
    }
  }

  /** Whoever reads it sends it. */
  #give(entry: LogEntry, into: LogEntry[]): void {
    into.push(entry)
    if (entry.sequence > this.#begun) this.#begun = entry.sequence
    if (entry.share !== undefined) this.#sent.add(entry.sequence)
  }

  /** The receiver has it: the payload goes. */
  release(sequence: number): void {
    const entry = this.#entries.get(sequence)
    if (entry === undefined || entry.released) return
    this.#bytes -= entry.size
    if (entry.held) this.#account.giveUp(entry.packet, 0)
    entry.letGo()
    entry.released = true
  }

  remove(sequence: number): LogEntry | undefined {
    const entry = this.#entries.get(sequence)
    if (entry === undefined) return undefined
    this.#entries.delete(sequence)
    this.#sent.delete(sequence)
    this.#uncount(entry)
    if (!entry.released) this.#bytes -= entry.size
    return entry
  }

  /** For callers that know no sequences, as the seed's: looks at all. */
  sequencesOf(messageIds: readonly number[]): number[] {
    const entries = [...this.#entries.values()]
    return entries.filter(({ messageId }) => messageIds.includes(messageId)).map(({ sequence }) => sequence)
  }

  /** The message was sent: a QoS 2 one is this session's for good [MQTT-4.8.2-5]. */
  markSent(messageId: number, share: Share | undefined): void {
    const { last } = this.#sequences
    for (let sequence = last; sequence > 0 && sequence > last - LOOK_BACK; sequence--) {
      const entry = this.#entries.get(sequence)
      if (entry?.messageId !== messageId || entry.share !== share) continue
      this.#sent.add(sequence)
      return
    }
  }

  /** Takes out the messages of shared subscriptions that another member may still get, if there is one. */
  takeShared(isWanted: (share: Share) => boolean): LogEntry[] {
    const found: LogEntry[] = []
    for (const entry of this.#entries.values()) {
      const { share, qos, sequence } = entry
      if (share === undefined || (qos === 2 && this.#sent.has(sequence))) continue
      if (isWanted(share)) found.push(entry)
    }
    for (const { sequence } of found) this.remove(sequence)
    return found
  }

  clear(): void {
    for (const entry of this.#entries.values()) this.#uncount(entry)
    this.#sent.clear()
    this.#entries.clear()
    this.#bytes = 0
  }

  #uncount({ packet, held }: LogEntry): void {
    if (held) this.#account.giveUp(packet, ENTRY_COST)
    else this.#account.release(ENTRY_COST)
  }
}

function isVisible({ committed, ahead }: LogEntry): boolean {
  return committed || ahead
}
