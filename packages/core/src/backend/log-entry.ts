import type { Author, Context, Share, StoredMessage } from '../contract/index.ts'
import type { QoS } from '../packets/index.ts'
import { Publish } from '../packets/index.ts'
import type { LateChange } from './disk/batch.ts'

/** What an entry is made of. */
export type EntryInit = Pick<
  Context<'storeOfflineMessage'>,
  'messageId' | 'packet' | 'qos' | 'retain' | 'identifiers' | 'expiresAt' | 'share' | 'publisher'
>

/** Stands for a message that is on the disk alone, or that nobody needs any more. */
const ABSENT = Publish.from({ topic: 'absent' })

/** The write of an entry, until it is durable. */
export interface StagedEntry extends LateChange {
  /** The entry has left the log. */
  takeBack(): void
}

/** A message in a session's log. */
export class LogEntry implements StoredMessage {
  readonly messageId: number
  readonly sequence: number
  readonly qos: QoS
  readonly retain: boolean
  readonly identifiers: readonly number[] | undefined
  readonly expiresAt: number
  readonly share: Share | undefined
  readonly publisher: Author | undefined
  /** The message, unless {@link held} says that it is not here. */
  packet: Publish
  /** Whether the message is in memory. */
  held = true
  /** Bytes that its message takes, wherever it is. */
  readonly size: number
  released = false
  /** It is durable, as far as anything here is: look-ups show it. */
  committed = true
  /** Look-ups show it before it is durable: its publisher is told only when it is, or when it was delivered. */
  ahead = false
  /** While its write waits for its batch. */
  staged: StagedEntry | undefined = undefined
  /** On a disk its message has a key of its own, for it is in more than one log. */
  shared = false

  /** @param size Of a message that is on the disk alone. */
  constructor(init: Omit<EntryInit, 'packet'> & { readonly packet?: Publish }, sequence: number, size = 0) {
    const { messageId, packet = ABSENT, identifiers, expiresAt = 0, share, publisher } = init
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
    this.publisher = publisher
    this.held = packet !== ABSENT
    this.size = this.held ? packet.size : size
  }

  /** The message goes from memory. */
  letGo(): void {
    this.packet = ABSENT
    this.held = false
  }

  /** The same place in the log, with its message. */
  with(packet: Publish): LogEntry {
    const { sequence, released, shared } = this
    return Object.assign(new LogEntry({ ...this, packet }, sequence), { released, shared })
  }
}
