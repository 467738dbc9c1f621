import type { DueRetained, RetainedMessage, SubscriptionRecord } from '../contract/index.ts'
import { shareOf } from '../contract/index.ts'
import { Publish } from '../packets/index.ts'
import { fromWall } from '../time/index.ts'
import type { Disk } from './disk/disk.ts'
import type { StoredSession, StoredWill } from './disk/records.ts'
import type { Restored } from './disk/restore.ts'
import { endOf } from './end-of.ts'
import type { LogEntry } from './log-entry.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'
import { WillRecord } from './wills.ts'

/** Puts what an earlier process left where it belongs. */
export class Restoration implements Restored {
  readonly #parts: Parts
  readonly #disk: Disk
  readonly #byId = new Map<number, SessionRecord>()

  constructor(parts: Parts, disk: Disk) {
    this.#parts = parts
    this.#disk = disk
  }

  epochs(ceiling: number): void {
    this.#parts.sessions.restoreEpochs(ceiling)
    this.#disk.restoreEpochs(ceiling)
  }

  /** Who was connected when the process ended has left now. */
  session(session: StoredSession): void {
    const { clock } = this.#parts.stack
    const { id, expiresAt, expiryInterval, sequences, begun } = session
    const wasConnected = expiresAt === 0
    const at = wasConnected ? endOf(expiryInterval, clock.now()) : fromWall(clock, expiresAt, expiryInterval)
    const record = this.#parts.sessions.restore(session, at)
    record.keep().log.restore(sequences, begun)
    this.#byId.set(id, record)
    if (wasConnected) this.#disk.putSession(record)
  }

  subscription(id: number, subscription: SubscriptionRecord): void {
    const record = this.#byId.get(id)
    const kept = record?.keep()
    if (record === undefined || kept === undefined) return
    kept.subscriptions.set(subscription.topic, subscription)
    kept.stagedSubscriptions.set(subscription.topic, subscription)
    const share = shareOf(subscription.topic)
    this.#parts.subscriptions.add(record, { ...subscription, share }, subscription.qos)
  }

  due(id: number, due: DueRetained): void {
    this.#byId.get(id)?.keep().putDue(due.topic, due)
  }

  inbound(id: number, packetId: number): void {
    const kept = this.#byId.get(id)?.keep()
    kept?.inbound.add(packetId)
    kept?.stagedInbound.add(packetId)
  }

  entry(id: number, entry: LogEntry): void {
    this.#byId.get(id)?.keep().log.restoreEntry(entry)
    if (entry.shared) this.#disk.shared.restore(entry)
  }

  /** Of a client that was connected it is due as if the connection had been lost now. */
  will(stored: StoredWill): void {
    const { clock, ledger } = this.#parts.stack
    const { id, clientId, identity, delay, orphan } = stored
    const account = ledger.account(stored.owner)
    const packet = Publish.decode(stored.message)
    const will = new WillRecord({ id, packet, delay, publisher: { clientId, identity, account }, account })
    const record = orphan ? undefined : this.#parts.sessions.get(clientId)
    will.orphan = record === undefined
    if (record !== undefined) record.will = will
    const end = record?.expiresAt ?? clock.now()
    const isNew = stored.dueAt === Number.POSITIVE_INFINITY
    const dueAt = isNew ? clock.now() + delay * 1_000 : fromWall(clock, stored.dueAt, delay)
    this.#parts.wills.add(will, Math.min(dueAt, end))
    if (isNew) this.#disk.putWill(will)
  }

  retained(message: RetainedMessage, owner: string): void {
    this.#parts.retained.restore(message, this.#parts.stack.ledger.account(owner))
  }
}
