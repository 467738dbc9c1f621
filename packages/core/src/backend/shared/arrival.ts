import type { DueRetained, SubscriptionRecord } from '../../contract/index.ts'
import { nextMessageId, shareOf } from '../../contract/index.ts'
import { Publish } from '../../packets/index.ts'
import { fromWall } from '../../time/index.ts'
import type { Disk } from '../disk/disk.ts'
import * as keys from '../disk/keys.ts'
import type { StoredEntry, StoredSession, StoredWill } from '../disk/records.ts'
import * as records from '../disk/records.ts'
import { endOf } from '../end-of.ts'
import { LogEntry } from '../log-entry.ts'
import type { Parts } from '../parts.ts'
import type { SessionRecord } from '../session-record.ts'
import type { SessionState } from '../session-state.ts'
import { WillRecord } from '../wills.ts'
import type { Bodies } from './bodies.ts'
import type { Home } from './directory.ts'
import type { Incoming } from './moving-records.ts'
import type { Cut } from './residence.ts'
import { Residence } from './residence.ts'

const NEVER = Number.POSITIVE_INFINITY

/** How a session comes. */
export interface ArrivalTerms {
  /** Its old home numbers no message above this. */
  readonly ceiling: number
  /** Whose messages it does not take yet. */
  readonly cut: Cut
  /** Messages with a key of their own. */
  readonly bodies?: Bodies
}

/**
 * A session on its way to this node. What comes for it now is numbered behind what its old home still has; all of it is
 * staged to the disk, and becomes this node's at {@link settle}, or goes at {@link giveUp}.
 */
export class Arrival implements Incoming {
  readonly record: SessionRecord
  readonly #parts: Parts
  readonly #disk: Disk
  readonly #state: SessionState
  readonly #bodies: Bodies | undefined
  readonly #earlier: LogEntry[] = []
  /** Whether it is at home here is being written down: then nobody knows, until the answer comes. */
  isUndecided = false
  #stored: StoredSession
  #will: WillRecord | undefined

  /**
   * @param stored The session at its old home.
   */
  constructor(parts: Parts, disk: Disk, stored: StoredSession, { ceiling, cut, bodies }: ArrivalTerms) {
    this.#parts = parts
    this.#disk = disk
    this.#stored = stored
    this.#bodies = bodies
    const record = parts.sessions.restore({ ...stored, id: nextMessageId(), sequences: ceiling }, NEVER)
    this.record = record
    record.residence = new Residence(undefined)
    record.residence.cut = cut
    this.#state = record.ensureState()
    this.#state.log.restore(ceiling, 0)
  }

  /** Nobody has taken it away meanwhile. */
  get isThere(): boolean {
    const { sessions } = this.#parts
    return this.record.id !== 0 && sessions.get(this.record.clientId) === this.record
  }

  /** How many messages it has, of those that its old home had. */
  get earlier(): number {
    return this.#earlier.length
  }

  /** As it is when nothing comes to its old home any more. */
  session(stored: StoredSession): void {
    this.#stored = stored
  }

  subscription(subscription: SubscriptionRecord): void {
    const { topic, qos } = subscription
    this.#state.subscriptions.set(topic, subscription)
    this.#state.stagedSubscriptions.set(topic, subscription)
    this.#disk.putSubscription(this.record, subscription)
    this.#parts.subscriptions.restore(this.record, { share: shareOf(topic), ...subscription }, qos)
  }

  due(due: DueRetained): void {
    this.#state.putDue(due.topic, due)
    this.#state.stageDue(due.topic, due)
    this.#disk.putDue(this.record, due.topic, due)
  }

  inbound(packetId: number): void {
    this.#state.inbound.add(packetId)
    this.#state.stagedInbound.add(packetId)
    this.#disk.putInbound(this.record, packetId)
  }

  /** A message that had come to its old home, and not yet into its log. */
  append(stored: StoredEntry): void {
    this.entry(Math.max(this.#stored.sequences, this.#earlier.at(-1)?.sequence ?? 0) + 1, stored)
  }

  entry(sequence: number, stored: StoredEntry): void {
    const body = stored.message === undefined ? this.#bodies?.of(stored.messageId) : undefined
    const bytes = stored.message ?? body?.bytes
    const { released, share } = stored
    if (bytes === undefined && !released) return
    const messageId = body?.messageId ?? nextMessageId()
    // Others who share a subscription may want it; all else is on the disk alone.
    const isWanted = share !== undefined && bytes !== undefined && !released
    const packet = isWanted ? Publish.decode(Uint8Array.from(bytes)) : undefined
    const expiresAt = fromWall(this.#disk.clock, stored.expiresAt, stored.interval)
    const entry = new LogEntry({ packet, ...stored, messageId, expiresAt }, sequence, stored.size)
    entry.released = released
    if (body !== undefined) this.#disk.shared.restore(entry)
    this.#earlier.push(entry)
    const value = records.writeEntry({ ...stored, messageId })
    this.#disk.commits.put(keys.entryKey(this.record.id, sequence), value)
  }

  will(epoch: number, stored: StoredWill): void {
    const { record } = this
    const { clientId, identity, owner, delay } = stored
    const account = this.#parts.stack.ledger.account(owner)
    const publisher = { clientId, identity, account }
    const will = new WillRecord({
      clientId,
      epoch,
      packet: undefined,
      delay,
      publisher,
      account,
      session: record,
    })
    will.sessionId = record.id
    this.#will = will
    this.#disk.commits.put(keys.willKey(record.id, epoch), records.writeWill(stored))
  }

  /** All of it has come: it is staged with what it was told to be in the end. */
  stage(): void {
    const { record } = this
    const { clock } = this.#disk
    const { expiresAt, expiryInterval, willDueAt, begun } = this.#stored
    const now = clock.now()
    const wasConnected = expiresAt === 0
    record.expiryInterval = expiryInterval
    const at = wasConnected ? endOf(expiryInterval, now) : fromWall(clock, expiresAt, expiryInterval)
    this.#parts.sessions.leave(record, at)
    const { log } = this.#state
    log.restore(log.last, Math.min(begun, this.#stored.sequences))
    const will = this.#will
    if (will !== undefined) {
      const isWaiting = !wasConnected && willDueAt !== 0
      const dueAt = isWaiting ? fromWall(clock, willDueAt, will.delay) : now + will.delay * 1_000
      will.dueAt = Math.min(dueAt, record.expiresAt)
      record.will = will
    }
    this.#disk.putSession(record)
  }

  /** It is at home here. */
  get isSettled(): boolean {
    return this.record.residence?.home !== undefined
  }

  /** It is at home here, whole. */
  settle(home: Home): void {
    const { record } = this
    this.isUndecided = false
    const { wills, stack } = this.#parts
    if (record.residence !== undefined) {
      record.residence.home = home
      record.residence.cut = undefined
    }
    this.#state.log.putEarlier(this.#earlier)
    if (this.#will === undefined) return
    wills.add(this.#will)
    wills.queue(this.#will, this.#will.dueAt, stack.clock.now())
  }

  /** It stays where it was: nothing of it is kept here, but that messages of shared subscriptions go to others. */
  giveUp(): void {
    const { record } = this
    // What it has on the disk counts where the directory says so, and nowhere else.
    if (this.isUndecided) return
    if (this.#will?.sessionId === record.id && record.id !== 0) this.#disk.dropWill(this.#will)
    if (record.will === this.#will) record.will = undefined
    if (record.id !== 0) for (const entry of this.#earlier) this.#disk.removeEntry(record, entry)
    this.#earlier.length = 0
    if (this.isThere) this.#parts.sessions.remove(record)
  }
}
