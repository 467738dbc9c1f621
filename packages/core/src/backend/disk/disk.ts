import type {
  DueRetained,
  MetricFamily,
  RetainedMessage,
  Stack,
  Store,
  SubscriptionRecord,
} from '../../contract/index.ts'
import { nextMessageId } from '../../contract/index.ts'
import { Publish } from '../../packets/index.ts'
import type { Clock } from '../../time/index.ts'
import { toWall } from '../../time/index.ts'
import type { LogEntry } from '../log-entry.ts'
import type { MessageLog } from '../message-log.ts'
import type { OrderedStore } from '../ordered-store.ts'
import type { SessionRecord } from '../session-record.ts'
import type { WillRecord } from '../wills.ts'
import { Commits } from './commits.ts'
import { EntryChange, entryChange } from './entry-change.ts'
import * as keys from './keys.ts'
import { loadEntries } from './load-entries.ts'
import * as records from './records.ts'
import { Removals } from './removals.ts'
import type { Restored } from './restore.ts'
import { restore } from './restore.ts'
import { SharedMessages } from './shared-messages.ts'
import { storedSession } from './stored-session.ts'

/** So many sequences of a session are handed out before it is written again. */
const SEQUENCES = 10_000
/** So many epochs, over all sessions. */
const EPOCHS = 10_000

/**
 * What a backend keeps beyond the process. Each method stages a change; `commit()` and `settled()` say when it is durable.
 * Everything that is staged in one turn is one unit.
 */
export class Disk {
  readonly #store: OrderedStore
  readonly clock: Clock
  readonly commits: Commits
  readonly shared: SharedMessages
  readonly #removals: Removals
  readonly #mayLie: boolean
  /** Epochs up to here may be handed out. */
  #epochs = 0

  /** @param mayLie A batch that failed may have been made all the same: its answer was lost. */
  constructor(store: OrderedStore, { clock, log }: Pick<Stack, 'clock' | 'log'>, mayLie = false) {
    this.#store = store
    this.#mayLie = mayLie
    this.clock = clock
    const write: OrderedStore['write'] = (batch) => store.write(batch).then(() => this.#removals.again())
    this.commits = new Commits({ write }, clock, (failure) => {
      if (failure === undefined) log.event('store.recovered', {})
      else log.event('store.failed', { cause: failure.message }, failure)
    })
    this.#removals = new Removals(this.commits, clock)
    this.shared = new SharedMessages(this.commits, this.#removals)
  }

  /** Opens the store and reads what an earlier process left. Where that fails the store is let go. */
  async open(into: Restored): Promise<void> {
    try {
      await this.#store.open()
      this.commits.open()
      await restore(this.#store, this.commits, this.clock, into)
      await this.commits.settled()
    } catch (error) {
      // Why it could not be opened is what whoever starts it has to know.
      await this.close().catch(() => {})
      throw error
    }
  }

  /** Takes no more; answers when all is written and let go. */
  async close(): Promise<void> {
    await this.commits.close()
    this.#removals.close()
    await this.#store.close()
  }

  /** As {@link Removals.redo}; false where nothing is committed any more. */
  redo(task: () => void): boolean {
    if (!this.commits.closed) this.#removals.redo(task)
    return !this.commits.closed
  }

  /** What is committed, and what the store itself measures. */
  metrics(): MetricFamily[] {
    return [...this.commits.metrics(), ...(this.#store.metrics?.() ?? [])]
  }

  // Sessions

  /** An epoch is about to be handed out; answers a promise where it has to be waited for. */
  reserveEpoch(epoch: number): void | Promise<void> {
    if (epoch <= this.#epochs - EPOCHS / 2) return
    const isLate = epoch > this.#epochs
    this.#epochs = Math.max(this.#epochs, epoch) + EPOCHS
    this.commits.put(keys.COUNTERS_KEY, records.writeCounters({ epochs: this.#epochs }))
    // If it cannot be written it is reserved anew with the next one.
    const committed = this.commits.commit(undefined, () => {
      this.#epochs = 0
    })
    if (isLate) return committed
  }

  /** Epochs that an earlier process may have handed out. */
  restoreEpochs(epochs: number): void {
    this.#epochs = epochs
  }

  /** Writes what is known of a session; gives it its number with the first. */
  putSession(record: SessionRecord): void {
    if (record.id === 0) record.id = nextMessageId()
    const session = storedSession(record, this.clock)
    this.commits.put(keys.sessionKey(record.clientId), records.writeSession(session))
  }

  /**
   * The session is over: nothing of it stays.
   * @param isBack Whether another one of its name is kept by now.
   */
  removeSession(record: SessionRecord, isBack: () => boolean): void {
    const { id, clientId, state } = record
    if (id === 0) return
    this.#removals.remove(keys.sessionKey(clientId), isBack)
    for (const topic of state?.stagedSubscriptions.keys() ?? [])
      this.#removals.remove(keys.subscriptionKey(id, topic))
    for (const topic of state?.stagedDue?.keys() ?? []) this.#removals.remove(keys.dueKey(id, topic))
    for (const entry of state?.log.entries ?? []) this.removeEntry(record, entry)
    const packetIds = new Set([...(state?.stagedInbound.list() ?? []), ...(state?.inbound.list() ?? [])])
    for (const packetId of packetIds) this.#removals.remove(keys.inboundKey(id, packetId))
    record.id = 0
  }

  // Wills

  /** With its session, when that is opened; when it is due is a matter of the session. */
  putWill(will: WillRecord, { id }: SessionRecord): void {
    const { publisher, account, delay, packet, epoch } = will
    if (packet === undefined) return
    const { clientId, identity } = publisher
    const value = { clientId, identity, owner: account.owner, delay, message: packet.encode() }
    this.commits.put(keys.willKey(id, epoch), records.writeWill(value))
    will.sessionId = id
  }

  removeWill({ sessionId, epoch }: WillRecord): void {
    this.commits.put(keys.willKey(sessionId, epoch), undefined)
  }

  /** It is not to be published. */
  dropWill({ sessionId, epoch }: WillRecord): void {
    this.#removals.remove(keys.willKey(sessionId, epoch))
  }

  async readWill({ sessionId, epoch }: WillRecord): Promise<Publish | undefined> {
    const [found] = await this.#store.read(keys.only(keys.willKey(sessionId, epoch)), 1)
    return found && Publish.decode(records.readWill(found.value).message)
  }

  // Subscriptions

  putSubscription({ id }: SessionRecord, subscription: SubscriptionRecord): void {
    this.commits.put(keys.subscriptionKey(id, subscription.topic), records.writeSubscription(subscription))
  }

  removeSubscription({ id }: SessionRecord, topic: string): void {
    this.commits.put(keys.subscriptionKey(id, topic), undefined)
  }

  /** And what is due of them. */
  clearSubscriptions({ id, state }: SessionRecord): void {
    for (const topic of state?.stagedSubscriptions.keys() ?? [])
      this.commits.put(keys.subscriptionKey(id, topic), undefined)
    for (const topic of state?.stagedDue?.keys() ?? []) this.commits.put(keys.dueKey(id, topic), undefined)
  }

  putDue({ id }: SessionRecord, topic: string, due: DueRetained | undefined): void {
    this.commits.put(keys.dueKey(id, topic), due && records.writeDue(due))
  }

  // Log

  /**
   * A message comes into a log, in one unit with what else is staged in this turn. Fulfils when it is durable.
   * @param ahead It is sent before, where nobody is given its sequence again even if the process ends now.
   */
  putEntry(
    record: SessionRecord,
    log: MessageLog,
    entry: LogEntry,
    store: Store<'storeOfflineMessage'>,
    ahead: boolean,
  ): Promise<void> {
    const { sequence } = entry
    if (sequence > record.sequences - SEQUENCES / 2) this.#reserveSequences(record, sequence)
    entry.committed = false
    entry.ahead = ahead && sequence <= record.reserved && log.hidden === 0 && !this.commits.failing
    if (!entry.ahead) log.hidden++
    const change = new EntryChange(this, record, log, entry, store)
    entry.staged = change
    this.commits.putLate(change, entry.ahead)
    this.shared.keep(entry)
    return this.commits.commitUnit(change)
  }

  #reserveSequences(record: SessionRecord, sequence: number): void {
    const upTo = Math.max(record.sequences, sequence) + SEQUENCES
    record.sequences = upTo
    this.putSession(record)
    // If it cannot be written it is reserved anew with the next one.
    this.commits.commit(
      () => {
        record.reserved = Math.max(record.reserved, upTo)
      },
      () => {
        record.sequences = record.reserved
      },
    )
  }

  /** The receiver has it: its message goes. */
  releaseEntry({ id }: SessionRecord, entry: LogEntry): void {
    this.shared.leave(entry)
    const { key, value } = entryChange(this.clock, id, entry, false, true)
    this.commits.put(key, value)
  }

  /** False where nothing is to be written: it was not yet. */
  removeEntry({ id }: SessionRecord, entry: LogEntry): boolean {
    const { staged } = entry
    staged?.takeBack()
    const wasStaged = staged !== undefined && this.commits.withdraw(staged)
    if (!wasStaged) this.#removals.remove(keys.entryKey(id, entry.sequence))
    this.shared.letGo(entry)
    return !wasStaged
  }

  /** Entries with their messages, in order, but for those that were released; what has left the disk meanwhile is left out. */
  load(record: SessionRecord, entries: readonly LogEntry[]): Promise<LogEntry[]> {
    return loadEntries(this.#store, record, entries)
  }

  // QoS 2 identifiers

  putInbound({ id }: SessionRecord, packetId: number): void {
    this.commits.put(keys.inboundKey(id, packetId), new Uint8Array(0))
  }

  removeInbound({ id }: SessionRecord, packetId: number): void {
    this.commits.put(keys.inboundKey(id, packetId), undefined)
  }

  /**
   * What could not be written is not to be there, if it is.
   * @param isBack Whether it was written again by now.
   */
  undo(key: Uint8Array, isBack?: () => boolean): void {
    if (this.#mayLie && !this.commits.closed) this.#removals.remove(key, isBack)
  }

  /** A message has come to all other nodes that it was for. */
  removeIntent(id: number): void {
    if (!this.commits.closed) this.#removals.remove(keys.intentKey(id))
  }

  // Retained messages

  putRetained({ topic, messageId, packet, expiresAt, publisher }: RetainedMessage, owner: string): void {
    const value = {
      topic,
      owner,
      messageId,
      expiresAt: toWall(this.clock, expiresAt),
      publisher,
      message: packet.encode(),
    }
    this.commits.put(keys.retainedKey(topic), records.writeRetained(value))
  }

  removeRetained(topic: string): void {
    this.commits.put(keys.retainedKey(topic), undefined)
  }

  /**
   * Its time is over: nobody asks for it any more.
   * @param isBack Whether the topic has another one by now.
   */
  dropRetained(topic: string, isBack: () => boolean): void {
    this.#removals.remove(keys.retainedKey(topic), isBack)
  }
}
