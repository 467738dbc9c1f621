/** The PUBLISH packet: a view of its bytes, so that relaying a message copies it once, into the socket's buffer. */
import { Buffer } from 'node:buffer'
import { copyBytes, takeShared } from './codec/bytes.ts'
import type { Layout } from './codec/encode-publish.ts'
import { encodePublish, encodeTopic, findExpiry, Piece, propertyBytes } from './codec/encode-publish.ts'
import { readMessage, writeMessage } from './codec/message-bytes.ts'
import { parseProperties } from './codec/properties.ts'
import type { PublishProperties, QoS } from './packets.ts'
import { PropertySpan } from './property-span.ts'
import type { PublishInit } from './publish-init.ts'

export type { Layout } from './codec/encode-publish.ts'

/** From here on a topic of a message that is kept for long is not kept twice. */
const LONG_TOPIC = 128
/** Payloads that are copied anyway when a message is sent: see the outbox. */
const SMALL_PAYLOAD = 8_192

/** Which layout a frame has: 5.0 or older, with a packet identifier or without. */
function variantOf(v5: boolean, withId: boolean): number {
  return (v5 ? 2 : 0) + (withId ? 1 : 0)
}

/** Read-only. Keep it beyond the turn only after {@link own}. */
export class Publish implements Layout {
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  /** Packet identifier; 0 for QoS 0 and for messages of the broker's own. */
  readonly packetId: number
  /** Internal: the bytes that hold the frame, and where it begins; the places below count from there. */
  bytes: Buffer
  start: number
  /** Bytes of the whole packet. */
  readonly length: number
  /** Internal: where the packet identifier and the payload begin. */
  readonly idAt: number
  readonly payloadAt: number
  /** Internal: of 5.0 messages that have properties. */
  readonly span: PropertySpan | undefined
  /** The layout of `bytes`; -1 where they cannot be sent on as they are. */
  #variant: number
  /** Other layouts, once they were asked for; a message that is kept does not keep them. */
  #others: (Layout | WeakRef<Layout> | undefined)[] | undefined
  /** Internal: how many places of the ledger hold this message. */
  keepers: number
  /** Internal: the bytes that each of them was charged. */
  keptSize: number
  /** Whose the memory is: the socket's chunk, shared with other kept messages, or its own. */
  #owned: 'no' | 'shared' | 'alone'
  /** The topic is kept as the string alone: `bytes` begin behind it, and `start` is where the frame would. */
  #slim = false

  /** Internal: {@link Publish.from} is the one for users. The bytes must be of exactly these fields. */
  constructor(
    topic: string,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    v5: boolean,
    span: PropertySpan | undefined,
    bytes: Buffer,
    start: number,
    length: number,
    idAt: number,
    payloadAt: number,
    owned: boolean,
  ) {
    this.topic = topic
    this.qos = qos
    this.retain = retain
    this.dup = dup
    this.packetId = packetId
    this.bytes = bytes
    this.start = start
    this.length = length
    this.idAt = idAt
    this.payloadAt = payloadAt
    this.span = span
    this.#variant = span !== undefined && span.aliasAt !== 0 ? -1 : variantOf(v5, qos > 0)
    this.#others = undefined
    this.keepers = 0
    this.keptSize = 0
    this.#owned = owned ? 'alone' : 'no'
  }

  /** A message from its parts; topic and payload are copied. */
  static from(init: PublishInit): Publish {
    const raw = init.properties === undefined ? undefined : propertyBytes(init.properties)
    return Publish.fromRaw(init, raw)
  }

  /** Internal: a message whose properties are bytes. */
  static fromRaw(init: PublishInit, raw: Uint8Array | undefined): Publish {
    const { topic, payload = '', qos = 0, retain = false, dup = false, packetId = 0 } = init
    const v5 = raw !== undefined && raw.length > 0
    const body = typeof payload === 'string' ? Buffer.from(payload) : payload
    const properties = v5 ? new Piece(raw) : undefined
    const expiry = v5 ? findExpiry(raw) : -1
    const made = encodePublish(
      new Piece(encodeTopic(topic)),
      new Piece(body),
      qos > 0,
      v5,
      properties,
      undefined,
      expiry,
    )
    const { bytes, length, idAt, payloadAt, expiryAt } = made
    const from = payloadAt - (raw?.length ?? 0)
    const text = v5 && (init.properties?.payloadFormatIndicator ?? false)
    const span = v5 ? new PropertySpan(from, payloadAt, 0, expiryAt, undefined, text) : undefined
    return new Publish(topic, qos, retain, dup, packetId, v5, span, bytes, 0, length, idAt, payloadAt, true)
  }

  /**
   * A message that {@link encode} wrote, in this process or another; its bytes are copied.
   * @throws StackError `MESSAGE_UNREADABLE` for other bytes, and for those of a later version.
   */
  static decode(bytes: Uint8Array): Publish {
    const { init, properties } = readMessage(bytes)
    return Publish.fromRaw(init, properties)
  }

  /**
   * The message as bytes, for a store or another broker: a version byte, topic, payload, QoS, retain, DUP and all
   * properties in their order. The packet identifier and a topic alias belong to one connection and are left out.
   */
  encode(): Uint8Array {
    const { topic, payload, qos, retain, dup } = this
    return writeMessage({ topic, payload, qos, retain, dup, isText: this.payloadIsText }, this.#raw())
  }

  get cmd(): 'publish' {
    return 'publish'
  }

  /** A view of the bytes: copy it, or call {@link own}, to keep it beyond the turn. */
  get payload(): Buffer {
    return this.bytes.subarray(this.start + this.payloadAt, this.start + this.length)
  }

  /** Payload size in bytes. */
  get payloadLength(): number {
    return this.length - this.payloadAt
  }

  /** Bytes that keeping this message costs, about: its topic is counted once. */
  get size(): number {
    return this.length + 64
  }

  /** Properties (5.0), by mqtt-packet's names, user properties as pairs: made at each call. */
  get properties(): PublishProperties | undefined {
    if (this.span === undefined) return undefined
    const { start, end } = this.span
    return parseProperties(this.bytes, this.start + start, this.start + end)
  }

  /** Seconds after which the message is not to be delivered any more; `undefined` for never. */
  get expiryInterval(): number | undefined {
    const at = this.span?.expiryAt ?? 0
    return at === 0 ? undefined : this.bytes.readUInt32BE(this.start + at)
  }

  /** Its properties say that the payload is UTF-8 text (5.0). */
  get payloadIsText(): boolean {
    return this.span?.payloadIsText ?? false
  }

  /** Internal: where the expiry interval stands in the frame; 0 for none. */
  get expiryAt(): number {
    return this.span?.expiryAt ?? 0
  }

  /** Internal: the bytes of its topic are not among its own. */
  get slim(): boolean {
    return this.#slim
  }

  /**
   * Makes the message independent of the socket's chunk; needed before it is kept beyond the turn.
   * @param long It is kept for long: its memory is its own, and a long topic is kept as a string alone. Otherwise it
   * shares a small piece with its neighbours.
   */
  own(long = false): this {
    if (long && !this.#slim && this.topic.length >= LONG_TOPIC && this.payloadLength < SMALL_PAYLOAD) {
      this.#slimDown()
      return this
    }
    if (this.#owned === 'alone' || (this.#owned === 'shared' && !long)) return this
    const { length } = this
    const place = long ? undefined : takeShared(length)
    this.#move(place?.bytes ?? Buffer.allocUnsafeSlow(length), place?.start ?? 0, 0)
    this.#owned = place === undefined ? 'alone' : 'shared'
    return this
  }

  /** Leaves out all that stands before properties and payload: it is encoded again for each who is to have it. */
  #slimDown(): void {
    const { span } = this
    const from = span?.start ?? this.payloadAt
    this.#move(Buffer.allocUnsafeSlow(this.length - from), 0, from)
    if (span !== undefined) span.topic = undefined
    this.#owned = 'alone'
    this.#slim = true
    this.#variant = -1
  }

  /** Copies what stands from `from` on. */
  #move(bytes: Buffer, at: number, from: number): void {
    copyBytes(this.bytes, this.start + from, this.start + this.length, bytes, at)
    this.bytes = bytes
    this.start = at - from
    this.#others = undefined
  }

  /** The same message with some parts changed. */
  with(changes: Partial<PublishInit>): Publish {
    const { topic, payload, qos, retain, dup, packetId } = this
    const init = { topic, payload, qos, retain, dup, packetId, ...changes }
    return 'properties' in changes ? Publish.from(init) : Publish.fromRaw(init, this.#raw())
  }

  /** The bytes to send to a client of this version at this QoS: encoded once and shared by all receivers. */
  layout(v5: boolean, withId: boolean): Layout {
    const variant = variantOf(v5, withId)
    if (this.#variant === variant) return this
    this.#others ??= [undefined, undefined, undefined, undefined]
    const others = this.#others[variant]
    const known = others instanceof WeakRef ? others.deref() : others
    if (known !== undefined) return known
    const made = this.#encode(v5, withId)
    this.#others[variant] = this.#owned === 'no' ? made : new WeakRef(made)
    return made
  }

  #encode(v5: boolean, withId: boolean): Layout {
    const { bytes, start, span } = this
    const topic = this.#topicPiece()
    const payload = new Piece(bytes, start + this.payloadAt, start + this.length)
    if (span === undefined || !v5)
      return encodePublish(topic, payload, withId, v5, undefined, undefined, -1, true)
    const { aliasAt, expiryAt } = span
    const cut = aliasAt === 0 ? span.end : aliasAt
    const before = new Piece(bytes, start + span.start, start + cut)
    const after = new Piece(bytes, start + Math.min(cut + 3, span.end), start + span.end)
    const moved = aliasAt !== 0 && expiryAt > aliasAt ? 3 : 0
    const expiry = expiryAt === 0 ? -1 : expiryAt - span.start - moved
    return encodePublish(topic, payload, withId, true, before, after, expiry, true)
  }

  #topicPiece(): Piece {
    const { bytes, start, span } = this
    if (this.#slim) return new Piece(encodeTopic(this.topic))
    if (span?.topic !== undefined) return new Piece(span.topic)
    return new Piece(bytes, start + this.#topicAt(), start + this.idAt)
  }

  /** Properties without the alias. */
  #raw(): Uint8Array | undefined {
    const { span, bytes, start } = this
    if (span === undefined) return undefined
    if (span.aliasAt === 0) return bytes.subarray(start + span.start, start + span.end)
    const before = bytes.subarray(start + span.start, start + span.aliasAt)
    const after = bytes.subarray(start + span.aliasAt + 3, start + span.end)
    return before.length === 0 ? after : Buffer.concat([before, after])
  }

  /** Where the topic's length begins: behind the remaining length. */
  #topicAt(): number {
    let at = 1
    while (this.bytes[this.start + at] > 127) at++
    return at + 1
  }
}
