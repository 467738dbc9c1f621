import type { Client, Receiver, SubscriptionRecord } from '@mqtt-stack/core'
import { MessageLog } from './message-log.ts'

/** What is kept of one session. */
export class SessionRecord implements Receiver {
  readonly clientId: string
  /** Who made it; nobody else may have it. */
  readonly identity: string | undefined
  epoch = 0
  client: Client | undefined = undefined
  stored = false
  /** When it is over, by the wall clock (ms), while nobody is connected to it. */
  expiresAt: number = Number.POSITIVE_INFINITY
  /** Filters that it is subscribed to. */
  readonly filters: Set<string> = new Set()
  readonly #kept = new Map<string, SubscriptionRecord>()
  #log: MessageLog | undefined
  #inbound: Set<number> | undefined

  constructor(clientId: string, identity: string | undefined) {
    this.clientId = clientId
    this.identity = identity
  }

  /** Subscriptions that outlive the connection. */
  get kept(): Map<string, SubscriptionRecord> {
    return this.#kept
  }

  get log(): MessageLog {
    this.#log ??= new MessageLog()
    return this.#log
  }

  /** QoS 2 identifiers that await PUBREL. */
  get inbound(): Set<number> {
    this.#inbound ??= new Set()
    return this.#inbound
  }
}
