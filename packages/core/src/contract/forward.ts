/** A message on its way to one receiver: what forwardMessage is executed with, and what becomes of it. */
import type { Publish, QoS } from '../packets/index.ts'
import type { DropReason } from './callbacks/index.ts'
import type { Client } from './client.ts'
import type { Publisher } from './session.ts'
import type { Share } from './share.ts'

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
  /** Who published it; none where that is not known. Keep `authorOf(publisher)` beyond the turn, not a session. */
  publisher: Publisher | undefined
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
    publisher?: Publisher,
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

/** What became of it. */
export class ForwardStore {
  /** `sent`: written; `queued`: kept until the receiver can take it; `dropped`: lost, and told by messageDropped. */
  outcome: 'sent' | 'queued' | 'dropped' | undefined = undefined
  /** Why an offered message was dropped: nobody else was told. */
  reason: DropReason | undefined = undefined
  /** Of what is queued: where it waits. */
  queue: ClientQueue | undefined = undefined
}

/** What waits for one client. */
export interface ClientQueue {
  /** Resolves once nothing waits in it any more, or the client is gone; answers nothing where it is so already. */
  drained(): void | Promise<void>
}
