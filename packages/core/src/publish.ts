/** The PUBLISH packet: a view of its bytes, so that relaying a message copies it once, into the socket's buffer. */
import { Buffer } from 'node:buffer'
import { encodePublish } from './codec/encode-publish.ts'
import type { PublishProperties, QoS } from './packets.ts'

/** What a PUBLISH is made of; what is left out is QoS 0, not retained, empty. */
export interface PublishInit {
  topic: string
  payload?: Uint8Array | string
  qos?: QoS
  retain?: boolean
  dup?: boolean
  /** Packet identifier, 1 to 65,535; only for QoS 1 and 2. */
  messageId?: number
  properties?: PublishProperties
}

/**
 * The bytes of a PUBLISH for one version and with or without room for a packet identifier. QoS, retain and DUP are
 * in the first byte and the identifier stands at `idAt`: whoever sends it sets both on its copy.
 */
export interface Layout {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** Where the packet identifier stands, or would stand. */
  readonly idAt: number
  readonly payloadAt: number
}

/** Read-only. Keep it beyond the turn only after {@link own}. */
export class Publish implements Layout {
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  /** Packet identifier; 0 for QoS 0 and for messages of the broker's own. */
  readonly messageId: number
  readonly properties: PublishProperties | undefined
  /** Whether the bytes are those of MQTT 5.0. */
  readonly v5: boolean
  bytes: Buffer
  start: number
  end: number
  idAt: number
  payloadAt: number
  #others: (Layout | undefined)[] | undefined
  #owned: boolean

  /** Internal: {@link Publish.from} is the one for users. The bytes must be of exactly these fields. */
  constructor(
    topic: string,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    messageId: number,
    properties: PublishProperties | undefined,
    v5: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    idAt: number,
    payloadAt: number,
    owned: boolean,
  ) {
    this.topic = topic
    this.qos = qos
    this.retain = retain
    this.dup = dup
    this.messageId = messageId
    this.properties = properties
    this.v5 = v5
    this.bytes = bytes
    this.start = start
    this.end = end
    this.idAt = idAt
    this.payloadAt = payloadAt
    this.#others = undefined
    this.#owned = owned
  }

  /** A message from its parts; payload and topic are copied. */
  static from(init: PublishInit): Publish {
    const { topic, payload = '', qos = 0, retain = false, dup = false, messageId = 0, properties } = init
    const v5 = properties !== undefined
    const body = typeof payload === 'string' ? Buffer.from(payload) : payload
    const { bytes, start, end, idAt, payloadAt } = encodePublish(
      Buffer.from(topic),
      body,
      qos > 0,
      v5,
      properties,
    )
    return new Publish(
      topic,
      qos,
      retain,
      dup,
      messageId,
      properties,
      v5,
      bytes,
      start,
      end,
      idAt,
      payloadAt,
      true,
    )
  }

  get cmd(): 'publish' {
    return 'publish'
  }

  /** A view of the bytes: copy it, or call {@link own}, to keep it beyond the turn. */
  get payload(): Buffer {
    return this.bytes.subarray(this.payloadAt, this.end)
  }

  /** Payload size in bytes. */
  get payloadLength(): number {
    return this.end - this.payloadAt
  }

  /** Bytes that keeping this message costs, about. */
  get size(): number {
    return this.end - this.start + 64
  }

  /** Makes the message independent of the socket's chunk; needed before it is kept beyond the turn. */
  own(): this {
    if (this.#owned) return this
    const { start } = this
    const bytes = Buffer.allocUnsafeSlow(this.end - start)
    bytes.set(this.bytes.subarray(start, this.end))
    this.bytes = bytes
    this.start = 0
    this.end -= start
    this.idAt -= start
    this.payloadAt -= start
    this.#owned = true
    return this
  }

  /** The same message with some parts changed. */
  with(changes: Partial<PublishInit>): Publish {
    const { topic, payload, qos, retain, dup, messageId, properties } = this
    return Publish.from({ topic, payload, qos, retain, dup, messageId, properties, ...changes })
  }

  /** The bytes to send to a client of this version at this QoS: encoded once and shared by all receivers. */
  layout(v5: boolean, withId: boolean): Layout {
    if (this.v5 === v5 && this.qos > 0 === withId) return this
    const which = (v5 ? 2 : 0) + (withId ? 1 : 0)
    this.#others ??= [undefined, undefined, undefined, undefined]
    const known = this.#others[which]
    if (known !== undefined) return known
    const topic = Buffer.from(this.topic)
    const made = encodePublish(topic, this.payload, withId, v5, this.properties)
    this.#others[which] = made
    return made
  }
}
