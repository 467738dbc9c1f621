/** Bytes of a PUBLISH, with the packet identifier and the flags left to whoever sends a copy. */
import { Buffer } from 'node:buffer'
import { generate } from 'mqtt-packet'
import type { PublishProperties } from '../packets.ts'
import { lengthBytes, writeLength } from './length.ts'

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

/** A topic as a packet holds it: two bytes of length, then UTF-8. */
export function encodeTopic(topic: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(2 + Buffer.byteLength(topic))
  bytes.writeUInt16BE(bytes.length - 2)
  bytes.write(topic, 2)
  return bytes
}

/** Encodes a message; the first byte is a plain PUBLISH (0x30) and the packet identifier, if any, zero. */
export function encodePublish(
  topic: Uint8Array,
  payload: Uint8Array,
  withId: boolean,
  v5: boolean,
  properties: Uint8Array | undefined,
): Layout {
  const held = properties?.length ?? 0
  const remaining = topic.length + (withId ? 2 : 0) + (v5 ? lengthBytes(held) + held : 0) + payload.length
  const bytes = Buffer.allocUnsafeSlow(1 + lengthBytes(remaining) + remaining)
  bytes[0] = 0x30
  let at = writeLength(bytes, 1, remaining)
  bytes.set(topic, at)
  const idAt = at + topic.length
  at = idAt
  if (withId) {
    bytes[at++] = 0
    bytes[at++] = 0
  }
  let expiryAt = 0
  if (v5) {
    at = writeLength(bytes, at, held)
    if (properties !== undefined) {
      bytes.set(properties, at)
      expiryAt = findExpiry(bytes, at, at + held)
      at += held
    }
  }
  bytes.set(payload, at)
  return { bytes, start: 0, length: bytes.length, idAt, payloadAt: at, expiryAt }
}

/** The bytes of a PUBLISH's properties, without their length. */
export function propertyBytes(properties: PublishProperties): Uint8Array {
  const packet = {
    cmd: 'publish',
    topic: '',
    payload: '',
    qos: 0,
    dup: false,
    retain: false,
    properties,
  } as const
  const frame = generate(packet, { protocolVersion: 5 })
  // mqtt-packet writes nothing at all where user properties hold no pair.
  if (frame.length === 0) return propertyBytes({ ...properties, userProperties: undefined })
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

function findExpiry(bytes: Buffer, from: number, to: number): number {
  let at = from
  while (at < to) {
    const id = bytes[at++]
    if (id === 2) return at
    at += valueLength(bytes, id, at)
  }
  return 0
}
