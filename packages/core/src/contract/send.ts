/** A message about to be written to its receiver: what sendMessage is executed with, and whether it goes out. */
import type { Publish, QoS } from '../packets/index.ts'
import type { DropReason } from './callbacks/index.ts'
import type { Client } from './client.ts'
import { checkInPlace } from './in-place.ts'
import type { Author } from './session.ts'
import type { Share } from './share.ts'

/** A message that is about to be written to a client. */
export class SendContext {
  readonly client: Client
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
  #packet: Publish

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
    this.original = packet
    this.qos = qos
    this.retain = retain
    this.dup = dup
    this.share = share
    this.publisher = publisher
    this.#packet = packet
  }

  /**
   * A handler may put a changed one in its place, `ctx.packet = ctx.packet.with({ topic })`: that is written. One whose
   * topic nobody may publish to is refused (`ANSWER_INVALID`).
   */
  get packet(): Publish {
    return this.#packet
  }

  set packet(packet: Publish) {
    checkInPlace(packet, this.#packet)
    this.#packet = packet
  }

  get topic(): string {
    return this.#packet.topic
  }
}

/** Whether it is written. */
export class SendStore {
  /** A handler ended the chain with `done`: the client does not get it. */
  dropped = false
  /** Set with it: why, as messageDropped tells. */
  reason: DropReason = 'withheld'
}
