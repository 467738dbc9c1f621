import type { Context, Share, StoredMessage } from '../contract/index.ts'
import type { Publish, QoS } from '../packets/index.ts'

/** What an entry is made of. */
export type EntryInit = Pick<
  Context<'storeOfflineMessage'>,
  'messageId' | 'packet' | 'qos' | 'retain' | 'identifiers' | 'expiresAt' | 'share'
>

/** A message in a session's log. */
export class LogEntry implements StoredMessage {
  readonly messageId: number
  readonly sequence: number
  readonly qos: QoS
  readonly retain: boolean
  readonly identifiers: readonly number[] | undefined
  readonly expiresAt: number
  readonly share: Share | undefined
  packet: Publish
  released = false
  /** It is durable, as far as anything here is: look-ups show it. */
  committed = true
  /** On a disk its message has a key of its own, for it is in more than one log. */
  shared = false

  constructor(init: EntryInit, sequence: number) {
    const { messageId, packet, identifiers, expiresAt = 0, share } = init
    // The seed's context has neither QoS nor retain flag of its own.
    const { qos = packet.qos, retain = packet.retain } = init
    this.messageId = messageId
    this.sequence = sequence
    this.packet = packet
    this.qos = qos
    this.retain = retain
    this.identifiers = identifiers
    this.expiresAt = expiresAt
    this.share = share
  }
}
