/** Bytes of a PUBLISH, with the packet identifier and the flags left to whoever sends a copy. */
import { Buffer } from 'node:buffer'
import type { PublishProperties } from '../packets.ts'
import type { Layout } from '../publish.ts'
import { lengthBytes, writeLength } from './length.ts'

/** Encodes a message; the first byte is a plain PUBLISH (0x30) and the packet identifier, if any, zero. */
export function encodePublish(
  topic: Uint8Array,
  payload: Uint8Array,
  withId: boolean,
  v5: boolean,
  _properties: PublishProperties | undefined,
): Layout {
  const remaining = 2 + topic.length + (withId ? 2 : 0) + (v5 ? 1 : 0) + payload.length
  const bytes = Buffer.allocUnsafeSlow(1 + lengthBytes(remaining) + remaining)
  bytes[0] = 0x30
  let at = writeLength(bytes, 1, remaining)
  bytes[at] = topic.length >> 8
  bytes[at + 1] = topic.length & 0xff
  bytes.set(topic, at + 2)
  const idAt = at + 2 + topic.length
  at = idAt
  if (withId) {
    bytes[at++] = 0
    bytes[at++] = 0
  }
  if (v5) bytes[at++] = 0
  bytes.set(payload, at)
  return { bytes, start: 0, end: bytes.length, idAt, payloadAt: at }
}
