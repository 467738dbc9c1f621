/** A message on its way from its publisher: what relayMessage is executed with, and what becomes of it. */
import type { Buffer } from 'node:buffer'
import type { Publish } from '../packets/index.ts'
import type { Client } from './client.ts'
import { checkInPlace } from './in-place.ts'
import { nextMessageId } from './message-id.ts'
import type { Publisher } from './session.ts'

/** Where a QoS 2 message came from: its identifier becomes durable in one unit with the message. */
export interface Inbound {
  readonly clientId: string
  readonly epoch: number
  readonly packetId: number
}

/**
 * Where a message comes from. `bridge`: a client that says it is one, or a middleware that brings in messages of another
 * broker. `broker`: this broker itself.
 */
export type MessageOrigin = 'client' | 'will' | 'broker' | 'bridge'

/** A message on its way to all who subscribed to it. */
export class RelayContext {
  /** The connection it came from; none for wills of clients that are gone and for the broker's own. */
  readonly client: Client | undefined
  /** The message before any rule changed it. */
  readonly original: Publish
  /** Whose message it is, connected or not. */
  readonly publisher: Publisher
  /** Where it comes from. */
  readonly origin: MessageOrigin
  /** Set for QoS 2 of a session that outlives its connection: the identifier that is stored with the message. */
  readonly inbound: Inbound | undefined
  /** Set by whoever waits until {@link stage}. */
  onStaged: (() => void) | undefined
  /** Whether {@link stage} was called. */
  staged: boolean
  /**
   * Not `#private`, nor is the next: one of these is made for each message, and such fields cost a twentieth of pair0.
   * @internal
   */
  private current: Publish
  /** @internal */
  private madeId: number

  /** @param origin By default a client's where there is one, a will's where only the publisher has a name. */
  constructor(
    client: Client | undefined,
    packet: Publish,
    publisher: Publisher,
    inbound: Inbound | undefined,
    origin: MessageOrigin = originOf(client, publisher),
  ) {
    this.client = client
    this.original = packet
    this.publisher = publisher
    this.origin = origin
    this.inbound = inbound
    this.onStaged = undefined
    this.staged = false
    this.current = packet
    this.madeId = 0
  }

  /** The broker's own identifier of the message, made once: unique in this process and after its restarts. */
  get messageId(): number {
    if (this.madeId === 0) this.madeId = nextMessageId()
    return this.madeId
  }

  /**
   * A rule may put a changed one in its place, `ctx.packet = ctx.packet.with({ topic })`: those behind relay that. One
   * whose topic nobody may publish to is refused (`ANSWER_INVALID`).
   */
  get packet(): Publish {
    return this.current
  }

  set packet(packet: Publish) {
    checkInPlace(packet, this.current)
    const traffic = this.client?.stack.traffic
    if (traffic?.watched === this.current) traffic.watched = packet
    this.current = packet
  }

  get topic(): string {
    return this.current.topic
  }

  /** A view: copy it, or call `packet.own()`, to keep it beyond the turn. */
  get payload(): Buffer {
    return this.current.payload
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

function originOf(client: Client | undefined, { clientId }: Publisher): MessageOrigin {
  if (client !== undefined) return client.bridge ? 'bridge' : 'client'
  return clientId === '' ? 'broker' : 'will'
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
