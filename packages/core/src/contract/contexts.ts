/** What the hot callbacks are called with: one constructor each, all fields always set. */
import type { Buffer } from 'node:buffer'
import type { Publish, QoS } from '../packets/index.ts'
import { parseShare } from '../topics/index.ts'
import type { DropReason } from './callbacks/index.ts'
import type { Client } from './client.ts'
import { nextMessageId } from './message-id.ts'
import type { Author, Publisher } from './session.ts'

/** Where a QoS 2 message came from: its identifier becomes durable in one unit with the message. */
export interface Inbound {
  readonly clientId: string
  readonly epoch: number
  readonly packetId: number
}

/** A message on its way to all who subscribed to it. */
export class RelayContext {
  /** The connection it came from; none for wills of clients that are gone and for the broker's own. */
  readonly client: Client | undefined
  /** A rule may put a changed one in its place, `ctx.packet = ctx.packet.with({ topic })`: those behind relay that. */
  packet: Publish
  /** The message before any rule changed it. */
  readonly original: Publish
  /** Whose message it is, connected or not. */
  readonly publisher: Publisher
  /** Set for QoS 2 of a session that outlives its connection: the identifier that is stored with the message. */
  readonly inbound: Inbound | undefined
  /** Set by whoever waits until {@link stage}. */
  onStaged: (() => void) | undefined
  /** Whether {@link stage} was called. */
  staged: boolean
  #messageId: number

  constructor(
    client: Client | undefined,
    packet: Publish,
    publisher: Publisher,
    inbound: Inbound | undefined,
  ) {
    this.client = client
    this.packet = packet
    this.original = packet
    this.publisher = publisher
    this.inbound = inbound
    this.onStaged = undefined
    this.staged = false
    this.#messageId = 0
  }

  /** The broker's own identifier of the message, made once: unique in this process and after its restarts. */
  get messageId(): number {
    if (this.#messageId === 0) this.#messageId = nextMessageId()
    return this.#messageId
  }

  get topic(): string {
    return this.packet.topic
  }

  /** A view: copy it, or call `packet.own()`, to keep it beyond the turn. */
  get payload(): Buffer {
    return this.packet.payload
  }

  /**
   * For a backend that commits later: every store call of this message is staged, and so its place in the order is
   * fixed. The publisher's next packet may come; the acknowledgement waits for the commit.
   */
  stage(): void {
    this.staged = true
    this.onStaged?.()
  }
}

/** What became of a relayed message; all counts are of receivers. */
export class RelayStore {
  /** Receivers whose subscriptions match. */
  matched = 0
  /** Receivers for whom it waits: not connected, or not ready for more. */
  queued = 0
  /** Receivers who lose it, as messageDropped tells. */
  dropped = 0
  /** Of those, receivers for whom there was no memory to keep it in. */
  unkept = 0
  /** It was to be retained, and there was no room. */
  unretained = false
  /** A handler ended the chain with `done`: nobody behind it has relayed the message. */
  vetoed = false
  /** Set with a veto: the reason code that the publisher of a 5.0 connection is told. */
  reasonCode: number | undefined = undefined
}

/** A shared subscription: a copy for one of all who share the filter under this name. */
export interface Share {
  readonly group: string
  /** Topic filter, without `$share/` and the group's name. */
  readonly filter: string
}

/** The share that a filter asks for; `undefined` for an ordinary filter. */
export function shareOf(filter: string): Share | undefined {
  const share = parseShare(filter)
  return share === undefined || share.malformed ? undefined : { group: share.group, filter: share.filter }
}

/** A message on its way to one connected receiver. */
export class ForwardContext {
  readonly client: Client
  readonly packet: Publish
  /** QoS of the delivery: the lower of message and subscription. */
  readonly qos: QoS
  /** Retain flag of the delivery. */
  readonly retain: boolean
  /** Subscription identifiers (5.0). */
  readonly identifiers: readonly number[] | undefined
  /** The broker's own identifier; none for what is not stored. */
  readonly messageId: number | undefined
  /** Place in the session's message log; none for what is not stored. */
  readonly sequence: number | undefined
  /** When the message is over, by the stack's clock (`now()`, ms); 0: what its expiry interval says begins now. */
  readonly expiresAt: number
  /** The shared subscription that it is delivered for. */
  readonly share: Share | undefined
  /** Who published it; none where that is not known. */
  readonly publisher: Author | undefined
  /** Another receiver may have it instead: a drop is told by `store.reason` and not by messageDropped. */
  readonly offered: boolean

  constructor(
    client: Client,
    packet: Publish,
    qos: QoS,
    retain: boolean,
    identifiers?: readonly number[],
    messageId?: number,
    sequence?: number,
    expiresAt: number = 0,
    share?: Share,
    offered: boolean = false,
    publisher?: Author,
  ) {
    this.client = client
    this.packet = packet
    this.qos = qos
    this.retain = retain
    this.identifiers = identifiers
    this.messageId = messageId
    this.sequence = sequence
    this.expiresAt = expiresAt
    this.share = share
    this.publisher = publisher
    this.offered = offered
  }
}

/** A message that is about to be written to a client. */
export class SendContext {
  readonly client: Client
  /** A handler may put a changed one in its place, `ctx.packet = ctx.packet.with({ topic })`: that is written. */
  packet: Publish
  /** The message before anybody changed it. */
  readonly original: Publish
  /** QoS of the delivery. */
  readonly qos: QoS
  /** Retain flag of the delivery: true for what was retained before the client subscribed. */
  readonly retain: boolean
  /** It was sent before, or may have been. */
  readonly dup: boolean
  /** The shared subscription that it is delivered for. */
  readonly share: Share | undefined
  /** Who published it; none where that is not known. */
  readonly publisher: Author | undefined

  constructor(
    client: Client,
    packet: Publish,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    share?: Share,
    publisher?: Author,
  ) {
    this.client = client
    this.packet = packet
    this.original = packet
    this.qos = qos
    this.retain = retain
    this.dup = dup
    this.share = share
    this.publisher = publisher
  }

  get topic(): string {
    return this.packet.topic
  }
}

/** Whether it is written. */
export class SendStore {
  /** A handler ended the chain with `done`: the client does not get it. */
  dropped = false
  /** Set with it: why, as messageDropped tells. */
  reason: DropReason = 'withheld'
}

/** What became of it. */
export class ForwardStore {
  /** `sent`: written; `queued`: kept until the receiver can take it; `dropped`: lost, and told by messageDropped. */
  outcome: 'sent' | 'queued' | 'dropped' | undefined = undefined
  /** Why an offered message was dropped: nobody else was told. */
  reason: DropReason | undefined = undefined
}
