/** Bytes of a PUBLISH, with the packet identifier and the flags left to whoever sends a copy. */
import { Buffer } from 'node:buffer'
import type { Packet } from 'mqtt-packet'
import { generate } from 'mqtt-packet'
import { StackError } from '../../errors/index.ts'
import { MAX_TOPIC_BYTES } from '../../topics/index.ts'
import type { PublishPropertiesInit } from '../packets.ts'
import { copyBytes, takeShared } from './bytes.ts'
import { lengthBytes, writeLength } from './length.ts'
import { pairObjects } from './write-pairs.ts'

/**
 * The bytes of a PUBLISH for one version and with or without room for a packet identifier: `length` of them from
 * `start`; the other places count from there. QoS, retain and DUP are in the first byte and the identifier stands at
 * `idAt`: whoever sends it sets both on its copy.
 */
export interface Layout {
  readonly bytes: Buffer
  readonly start: number
  readonly length: number
  /** Where the packet identifier stands, or would stand. */
  readonly idAt: number
  readonly payloadAt: number
  /** The four bytes of the message expiry interval; 0 for none. */
  readonly expiryAt: number
}

/**
 * A topic as a packet holds it: two bytes of length, then UTF-8.
 * @throws StackError `TOPIC_INVALID` for one that no packet can hold.
 */
export function encodeTopic(topic: string): Uint8Array {
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES) {
    throw new StackError('TOPIC_INVALID', `a topic of more than ${MAX_TOPIC_BYTES} bytes`)
  }
  const bytes = Buffer.allocUnsafe(2 + Buffer.byteLength(topic))
  bytes.writeUInt16BE(bytes.length - 2)
  bytes.write(topic, 2)
  return bytes
}

/** A layout that was made, not received. */
class Encoded implements Layout {
  readonly bytes: Buffer
  readonly start: number
  readonly length: number
  readonly idAt: number
  readonly payloadAt: number
  readonly expiryAt: number

  constructor(
    bytes: Buffer,
    start: number,
    length: number,
    idAt: number,
    payloadAt: number,
    expiryAt: number,
  ) {
    this.bytes = bytes
    this.start = start
    this.length = length
    this.idAt = idAt
    this.payloadAt = payloadAt
    this.expiryAt = expiryAt
  }
}

/** Bytes of something larger. */
export class Piece {
  bytes: Uint8Array
  start: number
  end: number

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }
}

const NOTHING = new Piece(new Uint8Array(0))

/**
 * Encodes a message; the first byte is a plain PUBLISH (0x30) and the packet identifier, if any, zero.
 * @param before Properties, or those in front of what is left out; `after`: those behind it.
 * @param expiryAt Where the message expiry interval stands in the properties; -1 for none.
 * @param shared The bytes may share their memory with other messages.
 */
export function encodePublish(
  topic: Piece,
  payload: Piece,
  withId: boolean,
  v5: boolean,
  before: Piece = NOTHING,
  after: Piece = NOTHING,
  expiryAt: number = -1,
  shared: boolean = false,
): Layout {
  const held = before.end - before.start + after.end - after.start
  const topicLength = topic.end - topic.start
  const payloadLength = payload.end - payload.start
  const remaining = topicLength + (withId ? 2 : 0) + (v5 ? lengthBytes(held) + held : 0) + payloadLength
  const length = 1 + lengthBytes(remaining) + remaining
  const place = shared ? takeShared(length) : undefined
  const bytes = place?.bytes ?? Buffer.allocUnsafeSlow(length)
  const start = place?.start ?? 0
  bytes[start] = 0x30
  let at = writeLength(bytes, start + 1, remaining)
  at = put(topic, bytes, at)
  const idAt = at - start
  if (withId) {
    bytes[at++] = 0
    bytes[at++] = 0
  }
  let expiry = 0
  if (v5) {
    at = writeLength(bytes, at, held)
    if (expiryAt >= 0) expiry = at - start + expiryAt
    at = put(after, bytes, put(before, bytes, at))
  }
  const payloadAt = at - start
  put(payload, bytes, at)
  return new Encoded(bytes, start, length, idAt, payloadAt, expiry)
}

/** Copies a piece; answers where the next byte goes. */
function put({ bytes, start, end }: Piece, to: Buffer, at: number): number {
  copyBytes(bytes, start, end, to, at)
  return at + end - start
}

/**
 * The bytes of a message's properties, without their length. Only what is the message's own is written: a topic alias and
 * subscription identifiers belong to one connection, a will's delay to the will, and travel no further [MQTT-3.3.2-7].
 */
export function propertyBytes(given: PublishPropertiesInit): Uint8Array {
  const { payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic, correlationData } = given
  const properties = {
    payloadFormatIndicator,
    messageExpiryInterval,
    contentType,
    responseTopic,
    correlationData,
    userProperties: pairObjects(given.userProperties),
  }
  const packet = { cmd: 'publish', topic: '', payload: '', qos: 0, dup: false, retain: false, properties }
  const frame = generate(packet as object as Packet, { protocolVersion: 5 })
  let at = 1
  while (frame[at] > 127) at++
  // Behind the remaining length and an empty topic.
  at += 3
  while (frame[at] > 127) at++
  return frame.subarray(at + 1)
}

/** Bytes that the value of a property takes; the ones that a message can have. */
function valueLength(bytes: Buffer, id: number, at: number): number {
  if (id === 1) return 1
  if (id === 2) return 4
  if (id === 35) return 2
  if (id === 11) {
    let length = 1
    while (bytes[at + length - 1] > 127) length++
    return length
  }
  const first = 2 + bytes.readUInt16BE(at)
  return id === 38 ? first + 2 + bytes.readUInt16BE(at + first) : first
}

/** Where the message expiry interval's value begins in properties; -1 for none. */
export function findExpiry(properties: Uint8Array): number {
  const bytes = Buffer.from(properties.buffer, properties.byteOffset, properties.length)
  const to = bytes.length
  let at = 0
  while (at < to) {
    const id = bytes[at++]
    if (id === 2) return at
    at += valueLength(bytes, id, at)
  }
  return -1
}
