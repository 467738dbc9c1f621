import type { Client, Receiver, SubscriptionRecord } from '@mqtt-stack/core'
import { MessageLog } from './message-log.ts'

/** What of a session outlives its connections. */
export class Kept {
  readonly subscriptions: Map<string, SubscriptionRecord> = new Map()
  readonly log: MessageLog = new MessageLog()
  /** QoS 2 identifiers that await PUBREL. */
  readonly inbound: Set<number> = new Set()
}

/** One session. */
export class SessionRecord implements Receiver {
  readonly clientId: string
  /** Who made it; nobody else may have it. */
  readonly identity: string | undefined
  epoch = 0
  /** Of its first opening: older ones were another session's of this name. */
  firstEpoch = 0
  client: Client | undefined = undefined
  stored = false
  /** When it is over, by the stack's clock (ms), while nobody is connected to it. */
  expiresAt: number = Number.POSITIVE_INFINITY
  /** Filters that it is subscribed to; made with the first. */
  filters: Set<string> | undefined = undefined
  /** Made when there is something to keep: most sessions end with their connection. */
  kept: Kept | undefined = undefined

  constructor(clientId: string, identity: string | undefined) {
    this.clientId = clientId
    this.identity = identity
  }

  /** What is kept, to add to it. */
  keep(): Kept {
    this.kept ??= new Kept()
    return this.kept
  }
}
