/** A message as bytes, for stores and for the wire between brokers: all that travels with it, and a version. */
import { Buffer } from 'node:buffer'
import { StackError } from '../../errors/index.ts'
import { isValidTopicName } from '../../topics/index.ts'
import type { PublishPropertiesInit, QoS } from '../packets.ts'
import { encodeTopic } from './encode-publish.ts'
import { areProperties } from './properties.ts'

/** Of the form below; a later one that reads differently has a higher number. */
const VERSION = 1
/** Bits of the second byte, above the two of the QoS. */
const RETAIN = 0x04
const DUP = 0x08
/** Its payload is text, as its properties say. */
const TEXT = 0x10
const PROPERTIES = 0x20

/** What of a message is written. */
export interface MessageParts {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  /** Its properties say that the payload is text. */
  readonly isText: boolean
}

/**
 * Version, flags, topic, properties and payload.
 * @param properties As they stand in a packet, without their length; a topic alias is not among them.
 */
export function writeMessage(message: MessageParts, properties: Uint8Array | undefined): Buffer {
  const { payload, qos, retain, dup, isText } = message
  const topic = encodeTopic(message.topic)
  const held = properties === undefined || properties.length === 0 ? 0 : 4 + properties.length
  const bytes = Buffer.allocUnsafe(2 + topic.length + held + payload.length)
  bytes[0] = VERSION
  bytes[1] = qos | (retain ? RETAIN : 0) | (dup ? DUP : 0) | (isText ? TEXT : 0) | (held > 0 ? PROPERTIES : 0)
  bytes.set(topic, 2)
  let at = 2 + topic.length
  if (properties !== undefined && held > 0) {
    bytes.writeUInt32BE(properties.length, at)
    bytes.set(properties, at + 4)
    at += held
  }
  bytes.set(payload, at)
  return bytes
}

/** What of a message was read. */
export interface ReadParts {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  readonly properties: PublishPropertiesInit | undefined
}

/**
 * The parts of a message that {@link writeMessage} wrote, and the bytes of its properties.
 * @throws StackError `MESSAGE_UNREADABLE` for other bytes, and for those of a later version.
 */
export function readMessage(given: Uint8Array): { init: ReadParts; properties: Uint8Array | undefined } {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.length)
  if (bytes[0] !== VERSION)
    throw new StackError(
      'MESSAGE_UNREADABLE',
      `a message of version ${bytes[0]}, of which ${VERSION} is known`,
    )
  const [, flags] = bytes
  const topicAt = 4
  const topicEnd = bytes.length < topicAt ? Number.POSITIVE_INFINITY : topicAt + bytes.readUInt16BE(2)
  let at = topicEnd
  let properties: Buffer | undefined
  if ((flags & PROPERTIES) !== 0) {
    const end = at + 4 > bytes.length ? Number.POSITIVE_INFINITY : at + 4 + bytes.readUInt32BE(at)
    properties = bytes.subarray(at + 4, end)
    at = end
  }
  if (at > bytes.length || (flags & 3) === 3)
    throw new StackError('MESSAGE_UNREADABLE', `the ${bytes.length} bytes are no whole message`)
  if (properties !== undefined && !areProperties(properties))
    throw new StackError('MESSAGE_UNREADABLE', 'a message whose properties are damaged')
  const topic = bytes.toString('utf8', topicAt, topicEnd)
  if (!isValidTopicName(topic)) throw new StackError('MESSAGE_UNREADABLE', 'a message whose topic is damaged')
  const init: ReadParts = {
    topic,
    payload: bytes.subarray(at),
    qos: (flags & 3) as QoS,
    retain: (flags & RETAIN) !== 0,
    dup: (flags & DUP) !== 0,
    properties: (flags & TEXT) === 0 ? undefined : { payloadFormatIndicator: true },
  }
  return { init, properties }
}
