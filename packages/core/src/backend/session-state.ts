import type { DueRetained, SubscriptionRecord } from '../contract/index.ts'
import type { Account } from '../memory/index.ts'
import { PacketIds } from '../packets/index.ts'
import { MessageLog } from './message-log.ts'

/**
 * What of a session outlives its connections. What look-ups show is committed; what is staged is besides on its way to
 * the disk. Where there is none the two are the same.
 */
export class SessionState {
  readonly subscriptions: Map<string, SubscriptionRecord> = new Map()
  readonly stagedSubscriptions: Map<string, SubscriptionRecord>
  readonly log: MessageLog
  /** QoS 2 identifiers that await PUBREL. */
  readonly inbound: PacketIds = new PacketIds()
  /** Those that may be on their way to the disk, or there. */
  readonly stagedInbound: PacketIds
  /** By topic filter: what it is still to get of retained messages; for a store that outlives the process. */
  due: Map<string, DueRetained> | undefined = undefined
  stagedDue: Map<string, DueRetained> | undefined = undefined

  /** @param durable It is written to a disk. */
  constructor(account: Account, durable: boolean) {
    this.log = new MessageLog(account)
    this.stagedSubscriptions = durable ? new Map() : this.subscriptions
    this.stagedInbound = durable ? new PacketIds() : this.inbound
  }

  /** Replaces what is due of a filter; `undefined`: nothing is. The oldest subscription stays the first. */
  putDue(topic: string, due: DueRetained | undefined): void {
    this.due = withDue(this.due, topic, due)
  }

  /** It is on its way to the disk. */
  stageDue(topic: string, due: DueRetained | undefined): void {
    this.stagedDue = withDue(this.stagedDue, topic, due)
  }
}

/** Nothing where none is left. */
function withDue(
  known: Map<string, DueRetained> | undefined,
  topic: string,
  due: DueRetained | undefined,
): Map<string, DueRetained> | undefined {
  if (due !== undefined) return (known ?? new Map<string, DueRetained>()).set(topic, due)
  return known?.delete(topic) && known.size === 0 ? undefined : known
}
