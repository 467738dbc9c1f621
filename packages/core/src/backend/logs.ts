import type { Context, Share, Store } from '../contract/index.ts'
import type { Steps } from '../time/index.ts'
import { proceed } from '../time/index.ts'
import type { LogEntry } from './log-entry.ts'
import type { MessageLog } from './message-log.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'

/** The message logs of sessions, in memory and on the disk. */
export class Logs {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Not fenced as the others are: a receiver that has come back, or has gone for good, is no error of the publisher. */
  store(ctx: Context<'storeOfflineMessage'>, store: Store<'storeOfflineMessage'>): void | Promise<void> {
    const record =
      ctx.epoch === undefined ? this.#parts.sessions.current(ctx) : this.#parts.sessions.find(ctx)
    if (record === undefined || ctx.epoch < record.firstEpoch || ctx.epoch > record.epoch) return
    const { sessionMessages, sessionBytes } = this.#parts.bounds
    const { log } = record.ensureState()
    let appended = log.append(ctx, sessionMessages, sessionBytes)
    if (typeof appended === 'string' && this.#makeRoom(record, log))
      appended = log.append(ctx, sessionMessages, sessionBytes)
    store.dropped = typeof appended === 'string'
    if (typeof appended === 'string') {
      store.reason = appended
      return
    }
    const entry = appended
    store.sequence = entry.sequence
    if (record.client !== undefined) log.begin()
    const { disk } = this.#parts
    if (record.id === 0 || disk === undefined) return
    const durable = disk.putEntry(record, log, entry, store, record.client !== undefined && mayGoAhead(ctx))
    store.ahead = entry.ahead
    return durable
  }

  /** Drops messages whose time is over, so that a new one finds room. Answers whether there were any. */
  #makeRoom(record: SessionRecord, log: MessageLog): boolean {
    const expired = log.takeExpired(this.#parts.stack.clock.now())
    if (expired.length > 0) this.#parts.stack.background(() => this.#tellExpired(record, expired))
    return expired.length > 0
  }

  /** Whoever hears of a message sees it; only then it leaves the disk too. */
  async #tellExpired(record: SessionRecord, expired: readonly LogEntry[]): Promise<void> {
    const { clientId, client } = record
    const { disk } = this.#parts
    const whole = disk === undefined ? expired : await disk.load(record, expired)
    for (const { packet } of whole)
      this.#parts.stack.tell('messageDropped', { clientId, client, packet, reason: 'expired', count: 1 })
    if (disk !== undefined) await this.#dropEntries(record, expired)
  }

  lookup(ctx: Context<'lookupOfflineMessages'>, store: Store<'lookupOfflineMessages'>): void | Promise<void> {
    const record = this.#parts.sessions.find(ctx)
    if (record !== undefined) return proceed(this.#lookup(record, ctx, store))
  }

  /**
   * What has left the log while it came from the disk, because it was purged, say, is not shown any more. Others come in its
   * place, as far as there are some: fewer than were asked for are the end of the log.
   */
  *#lookup(
    record: SessionRecord,
    { after = 0, limit = Number.POSITIVE_INFINITY }: Context<'lookupOfflineMessages'>,
    store: Store<'lookupOfflineMessages'>,
  ): Steps {
    for (let [from, left] = [after, limit]; left > 0; ) {
      const found: LogEntry[] = []
      record.state?.log.read(found, from, left)
      const loaded: LogEntry[] = []
      yield this.load(record, found, loaded)
      const before = store.length
      for (const entry of loaded) {
        const now = record.state?.log.get(entry.sequence)
        if (now !== undefined) store.push(now.released ? now : entry)
      }
      const shown = store.length - before
      if (found.length < left || shown === found.length) return
      left -= shown
      from = found[found.length - 1].sequence
    }
  }

  /** Pushes entries with their messages, which may be on the disk alone; what is gone is left out. */
  load(
    record: SessionRecord,
    entries: readonly LogEntry[],
    into: { push(...found: LogEntry[]): unknown },
  ): void | Promise<void> {
    if (entries.some(({ held, released }) => !held && !released))
      return this.#parts.disk?.load(record, entries).then((found) => void into.push(...found))
    for (const entry of entries) into.push(entry)
  }

  release(ctx: Context<'releaseOfflineMessages'>): void | Promise<void> {
    const record = this.#parts.sessions.current(ctx)
    const log = record.state?.log
    const entries = ctx.sequences.map((sequence) => log?.get(sequence)).filter((entry) => entry !== undefined)
    return this.releaseEntries(record, entries)
  }

  /** Only PUBREL is left of these: their messages go. */
  releaseEntries(record: SessionRecord, entries: readonly LogEntry[]): void | Promise<void> {
    const log = record.state?.log
    const release = (): void => {
      for (const { sequence } of entries) log?.release(sequence)
    }
    const { disk } = this.#parts
    if (record.id === 0 || disk === undefined || entries.length === 0) return release()
    for (const entry of entries) disk.releaseEntry(record, entry)
    return disk.commits.commit(() => {
      for (const entry of entries) disk.shared.letGo(entry)
      release()
    })
  }

  remove(ctx: Context<'removeOfflineMessages'>): void | Promise<void> {
    const record = this.#parts.sessions.current(ctx)
    const log = record.state?.log
    if (log === undefined) return
    // The seed's context has messageIds alone.
    const sequences = ctx.sequences ?? log.sequencesOf(ctx.messageIds)
    if (record.id === 0) for (const sequence of sequences) log.remove(sequence)
    else {
      const removed = sequences.map((sequence) => log.remove(sequence)).filter((entry) => entry !== undefined)
      return this.#dropEntries(record, removed)
    }
  }

  /** These leave the log. */
  removeEntries(record: SessionRecord, entries: readonly LogEntry[]): void | Promise<void> {
    for (const { sequence } of entries) record.state?.log.remove(sequence)
    return this.#dropEntries(record, entries)
  }

  clear(ctx: Context<'clearOfflineMessages'>): void | Promise<void> {
    const record = this.#parts.sessions.checked(ctx)
    const log = record?.state?.log
    if (record === undefined || log === undefined) return
    const entries = [...log.entries]
    log.clear()
    return this.#dropEntries(record, entries)
  }

  /**
   * What a session leaves behind of shared subscriptions goes to others who share them: to any of them when the session
   * is over; as long as it may come back, only to one who is there.
   */
  handOn(record: SessionRecord, over: boolean): void {
    const { clientId } = record
    const { subscriptions, shared } = this.#parts
    const isWanted = (share: Share): boolean =>
      over || subscriptions.hasOther(share, record) || shared?.routes.hasConnected(share) === true
    const entries = record.state?.log.takeShared(isWanted) ?? []
    this.#parts.stack.background(() => this.#dropEntries(record, entries))
    for (const { share, packet, qos, expiresAt, publisher } of entries) {
      if (share !== undefined)
        this.#parts.stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt, publisher })
    }
  }

  /** Nobody is there to take the messages: they are on the disk alone. */
  letGo({ state }: SessionRecord): void {
    for (const entry of state?.log.entries ?? []) if (entry.committed) state?.log.letGo(entry)
  }

  /** Entries that left a log leave the disk too. */
  #dropEntries(record: SessionRecord, entries: readonly LogEntry[]): void | Promise<void> {
    const { disk } = this.#parts
    if (record.id === 0 || disk === undefined || entries.length === 0) return
    let writes = false
    for (const entry of entries) if (disk.removeEntry(record, entry)) writes = true
    if (writes) return disk.commits.commit()
  }
}

/**
 * Whether a message may be sent before it is durable: its publisher, who hears nothing until then, sends it again after
 * a crash, so that it may come twice. A group's message must not, for the second may come to another member.
 */
function mayGoAhead({ packet, share }: Context<'storeOfflineMessage'>): boolean {
  return packet.qos === 1 && share === undefined
}
