/** What one 5.0 receiver of a message gets and the others do not. */
import { Buffer } from 'node:buffer'
import type { Layout } from './encode-publish.ts'
import { lengthBytes, writeLength } from './length.ts'

export interface Extras {
  /** Identifiers of the subscriptions that match [MQTT-3.3.4-3]. */
  readonly identifiers?: readonly number[] | undefined
  /** Seconds that are left of the message expiry interval [MQTT-3.3.2-6]. */
  readonly expiry?: number | undefined
  /** Topic alias on this connection. */
  readonly alias?: number | undefined
  /** The alias is known to the receiver: the topic is left out. */
  readonly omitTopic?: boolean
}

/** The frame up to the payload, with its extras, and the payload. The layout is one of 5.0. */
export function spliceExtras(
  layout: Layout,
  header: number,
  id: number,
  { identifiers = [], expiry, alias = 0, omitTopic = false }: Extras,
): { head: Buffer; payload: Buffer } {
  const { bytes, start, length, idAt, payloadAt, expiryAt } = layout
  const frame = bytes.subarray(start, start + length)
  let topicAt = 1
  while (frame[topicAt] > 127) topicAt++
  const topic = omitTopic ? EMPTY_TOPIC : frame.subarray(topicAt + 1, idAt)
  let heldAt = id === 0 ? idAt : idAt + 2
  while (frame[heldAt] > 127) heldAt++
  const held = frame.subarray(heldAt + 1, payloadAt)
  let extra = alias === 0 ? 0 : 3
  for (const identifier of identifiers) extra += 1 + lengthBytes(identifier)
  const properties = held.length + extra
  const behind = topic.length + (id === 0 ? 0 : 2) + lengthBytes(properties) + properties
  const remaining = behind + length - payloadAt
  const head = Buffer.allocUnsafe(1 + lengthBytes(remaining) + behind)
  head[0] = header
  let at = writeLength(head, 1, remaining)
  head.set(topic, at)
  at += topic.length
  if (id !== 0) {
    at = head.writeUInt16BE(id, at)
  }
  at = writeLength(head, at, properties)
  if (alias !== 0) {
    head[at] = 35
    at = head.writeUInt16BE(alias, at + 1)
  }
  for (const identifier of identifiers) {
    head[at] = 11
    at = writeLength(head, at + 1, identifier)
  }
  head.set(held, at)
  if (expiry !== undefined && expiryAt !== 0) head.writeUInt32BE(expiry, at + expiryAt - heldAt - 1)
  return { head, payload: frame.subarray(payloadAt) }
}

const EMPTY_TOPIC = Buffer.alloc(2)
