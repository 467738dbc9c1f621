import type { DueRetained, RetainedMessage, SubscriptionRecord } from '../contract/index.ts'
import { shareOf } from '../contract/index.ts'
import { fromWall } from '../time/index.ts'
import type { Disk } from './disk/disk.ts'
import type { StoredSession, StoredWill } from './disk/records.ts'
import type { Restored, RestoredNode } from './disk/restore.ts'
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
  /** When the wills of sessions that were away are due (ms since 1970). */
  readonly #willsDue = new Map<number, number>()

  constructor(parts: Parts, disk: Disk) {
    this.#parts = parts
    this.#disk = disk
  }

  get node(): RestoredNode | undefined {
    const { shared } = this.#parts
    return (
      shared && {
        position: (position) => shared.inbox.restorePosition(position),
        origin: ({ node, seq }) => shared.inbox.restoreSeq(node, seq),
        intent: (intent) => shared.intents.restore(intent),
      }
    )
  }

  epochs(ceiling: number): void {
    this.#parts.sessions.restoreEpochs(ceiling)
    this.#disk.restoreEpochs(ceiling)
  }

  /** Who was connected when the process ended has left now. */
  session(session: StoredSession): void {
    const { clock } = this.#disk
    const { id, expiresAt, expiryInterval, sequences, begun, willDueAt } = session
    const wasConnected = expiresAt === 0
    const at = wasConnected ? endOf(expiryInterval, clock.now()) : fromWall(clock, expiresAt, expiryInterval)
    const record = this.#parts.sessions.restore(session, at)
    record.ensureState().log.restore(sequences, begun)
    this.#byId.set(id, record)
    if (willDueAt !== 0 && !wasConnected) this.#willsDue.set(id, willDueAt)
    if (wasConnected) this.#disk.putSession(record)
  }

  subscription(id: number, subscription: SubscriptionRecord): void {
    const record = this.#byId.get(id)
    const state = record?.ensureState()
    if (record === undefined || state === undefined) return
    state.subscriptions.set(subscription.topic, subscription)
    state.stagedSubscriptions.set(subscription.topic, subscription)
    const share = shareOf(subscription.topic)
    this.#parts.subscriptions.restore(record, { share, ...subscription }, subscription.qos)
  }

  due(id: number, due: DueRetained): void {
    const state = this.#byId.get(id)?.ensureState()
    state?.putDue(due.topic, due)
    state?.stageDue(due.topic, due)
  }

  inbound(id: number, packetId: number): void {
    const state = this.#byId.get(id)?.ensureState()
    state?.inbound.add(packetId)
    state?.stagedInbound.add(packetId)
  }

  entry(id: number, entry: LogEntry): void {
    this.#byId.get(id)?.ensureState().log.restoreEntry(entry)
    if (entry.shared) this.#disk.shared.restore(entry)
  }

  /** Of a client that was connected it is due as if the connection had been lost now; without a session, at once. */
  will(id: number, epoch: number, { clientId, identity, owner, delay }: StoredWill): void {
    const { wills, stack } = this.#parts
    const { ledger } = stack
    const { clock } = this.#disk
    const session = this.#byId.get(id)
    const account = ledger.account(owner)
    const publisher = { clientId, identity, account }
    const will = new WillRecord({ clientId, epoch, packet: undefined, delay, publisher, account, session })
    will.sessionId = id
    wills.add(will)
    const now = clock.now()
    if (session === undefined) {
      wills.queue(will, now, now)
      return
    }
    // They come in the order of their epochs: an earlier one was put aside when the session was opened again.
    if (session.will !== undefined) {
      wills.remove(session.will)
      this.#disk.dropWill(session.will)
    }
    session.will = will
    const known = this.#willsDue.get(id)
    const dueAt = known === undefined ? now + delay * 1_000 : fromWall(clock, known, delay)
    wills.queue(will, Math.min(dueAt, session.expiresAt), now)
    if (known === undefined) this.#disk.putSession(session)
  }

  retained(message: RetainedMessage, owner: string): void {
    this.#parts.retained.restore(message, this.#parts.stack.ledger.account(owner))
  }
}
