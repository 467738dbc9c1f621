/**
 * A message as nodes of one service hand it on: a byte of flags, and the PUBLISH of the network. Whoever reads it makes a message of these
 * bytes and copies none.
 */
import { Buffer } from 'node:buffer'
import { StackError } from '../../errors/index.ts'
import { isValidTopicName } from '../../topics/index.ts'
import type { QoS } from '../packets.ts'
import { PropertySpan } from '../property-span.ts'
import { Publish } from '../publish.ts'
import { findExpiry } from './encode-publish.ts'
import { areProperties } from './properties.ts'
import { TopicCache } from './topic-cache.ts'

/** The PUBLISH is one of 5.0. */
const V5 = 0x01
/** Its properties say that the payload is text. */
const TEXT = 0x02
const PUBLISH = 0x30

/** Where a message stands that is to be written: `bytes[start + 1..start + length)` behind `flags` and `header`. */
export interface Relayed {
  flags: number
  /** The first byte of the PUBLISH. */
  header: number
  bytes: Uint8Array
  start: number
  length: number
}

const relayed: Relayed = { flags: 0, header: 0, bytes: Buffer.alloc(0), start: 0, length: 0 }

/** What is to be written of a message; valid until the next call. Its packet identifier is of no meaning. */
export function relayedOf(packet: Publish): Relayed {
  const { qos, retain, dup } = packet
  const v5 = packet.span !== undefined
  const { bytes, start, length } = packet.layout(v5, qos > 0)
  relayed.flags = (v5 ? V5 : 0) | (packet.payloadIsText ? TEXT : 0)
  relayed.header = PUBLISH | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
  relayed.bytes = bytes
  relayed.start = start
  relayed.length = length
  return relayed
}

/** A message whose properties were added by a middleware may have any topic that is one. */
const topics = new TopicCache((topic) => {
  if (!isValidTopicName(topic)) throw unreadable('a message whose topic is damaged')
})

/**
 * The message that was written like that. It is a view of the bytes.
 * @throws StackError `MESSAGE_UNREADABLE` for other bytes.
 */
export function readRelayed(given: Uint8Array): Publish {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length)
  const end = bytes.length
  const flags = bytes[0]
  const header = bytes[1]
  const qos = ((header >> 1) & 3) as QoS
  const body = bodyOf(bytes)
  const topicAt = body + 2
  const idAt = topicAt > end ? end + 1 : topicAt + ((bytes[body] << 8) | bytes[body + 1])
  let payloadAt = qos === 0 ? idAt : idAt + 2
  if (flags > (V5 | TEXT) || header >> 4 !== PUBLISH >> 4 || (qos as number) === 3 || payloadAt > end)
    throw unreadable(`the ${end} bytes are no whole message`)
  const v5 = (flags & V5) !== 0
  let span: PropertySpan | undefined
  if (v5) {
    span = readSpan(bytes, payloadAt, (flags & TEXT) !== 0)
    payloadAt = span.end + 1
  }
  const topic = topics.read(bytes, topicAt, idAt)
  const retain = (header & 1) !== 0
  const dup = (header & 8) !== 0
  return new Publish(topic, qos, retain, dup, 0, v5, span, bytes, 1, end - 1, idAt - 1, payloadAt - 1, false)
}

/** Where the remaining length ends, which has to be that of the bytes. */
function bodyOf(bytes: Buffer): number {
  let length = 0
  let at = 2
  for (let shift = 0; shift < 28 && at < bytes.length; shift += 7) {
    const byte = bytes[at++]
    length |= (byte & 127) << shift
    if (byte < 128) {
      if (at + length !== bytes.length) break
      return at
    }
  }
  throw unreadable(`the ${bytes.length} bytes are no whole message`)
}

function readSpan(bytes: Buffer, at: number, payloadIsText: boolean): PropertySpan {
  let length = 0
  let start = at
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = start < bytes.length ? bytes[start++] : 128
    length |= (byte & 127) << shift
    if (byte < 128) break
    if (shift === 21) throw unreadable('a message whose properties are damaged')
  }
  const properties = bytes.subarray(start, start + length)
  if (start + length > bytes.length || !areProperties(properties))
    throw unreadable('a message whose properties are damaged')
  const expiryAt = findExpiry(properties)
  const end = start + length
  return new PropertySpan(
    start - 1,
    end - 1,
    0,
    expiryAt < 0 ? 0 : start - 1 + expiryAt,
    undefined,
    payloadIsText,
  )
}

function unreadable(what: string): StackError {
  return new StackError('MESSAGE_UNREADABLE', what)
}
