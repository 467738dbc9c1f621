/** The keys under which a backend keeps things. The first byte says what; a session's own things begin with its number. */
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { KeyRange } from '../ordered-store.ts'
import { MAX_KEY_BYTES } from '../ordered-store.ts'

/** What is kept, by the first byte of its key. */
export const KIND = {
  format: 0x01,
  counters: 0x02,
  session: 0x10,
  subscription: 0x11,
  entry: 0x12,
  inbound: 0x13,
  due: 0x14,
  will: 0x15,
  message: 0x20,
  retained: 0x30,
  position: 0x40,
  origin: 0x41,
  intent: 0x42,
} as const

/** One of {@link KIND}. */
export type Kind = (typeof KIND)[keyof typeof KIND]

/** A name that is longer is cut here, and its hash stands behind. */
const LONGEST_NAME = MAX_KEY_BYTES - 64

/** The format of all that is kept. */
export const FORMAT_KEY: Uint8Array = Buffer.from([KIND.format])
/** What is counted over all sessions. */
export const COUNTERS_KEY: Uint8Array = Buffer.from([KIND.counters])

/** How far the inbox of a node of several is applied. */
export const POSITION_KEY: Uint8Array = Buffer.from([KIND.position])

/** By the name of a node: the last entry from it that was applied. */
export function originKey(node: string): Uint8Array {
  return named(KIND.origin, node)
}

/** By the number of a message that is on its way to other nodes. */
export function intentKey(id: number): Uint8Array {
  return owned(KIND.intent, id, Buffer.alloc(0))
}

/** By the client identifier. */
export function sessionKey(clientId: string): Uint8Array {
  return named(KIND.session, clientId)
}

/** By session and topic filter. */
export function subscriptionKey(session: number, topic: string): Uint8Array {
  return owned(KIND.subscription, session, name(topic))
}

/** By session and topic filter: what it is still to get of retained messages. */
export function dueKey(session: number, topic: string): Uint8Array {
  return owned(KIND.due, session, name(topic))
}

/** By session and place in its log. */
export function entryKey(session: number, sequence: number): Uint8Array {
  const key = Buffer.allocUnsafe(17)
  key[0] = KIND.entry
  key.writeDoubleBE(session, 1)
  key.writeDoubleBE(sequence, 9)
  return key
}

/** By session, and the epoch of the opening whose will it is. */
export function willKey(session: number, epoch: number): Uint8Array {
  return owned(KIND.will, session, numberBytes(epoch))
}

/** By session and packet identifier. */
export function inboundKey(session: number, packetId: number): Uint8Array {
  return owned(KIND.inbound, session, Buffer.from([packetId >> 8, packetId & 0xff]))
}

/** By the broker's own identifier of a message. */
export function messageKey(messageId: number): Uint8Array {
  return owned(KIND.message, messageId, Buffer.alloc(0))
}

/** By topic name. */
export function retainedKey(topic: string): Uint8Array {
  return named(KIND.retained, topic)
}

/** All keys of a kind. */
export function rangeOf(kind: Kind): KeyRange {
  return { from: Buffer.from([kind]), to: Buffer.from([kind + 1]) }
}

/** Behind this key, to the end of a range. */
export function behind(key: Uint8Array, { to }: KeyRange): KeyRange {
  return { from: Buffer.concat([key, Buffer.from([0])]), to }
}

/** This key alone. */
export function only(key: Uint8Array): KeyRange {
  return { from: key, to: Buffer.concat([key, Buffer.from([0])]) }
}

/** Whose it is: the session's number in a key of its own things. */
export function ownerOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readDoubleBE(1)
}

/** The number at the end of a key: a place in a log, a message, or the epoch of a will. */
export function lastNumber(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readDoubleBE(key.length - 8)
}

/** The packet identifier at the end of a key. */
export function packetIdIn(key: Uint8Array): number {
  return (key[key.length - 2] << 8) | key[key.length - 1]
}

function named(kind: Kind, text: string): Uint8Array {
  return Buffer.concat([Buffer.from([kind]), name(text)])
}

function owned(kind: Kind, session: number, rest: Uint8Array): Uint8Array {
  const key = Buffer.allocUnsafe(9 + rest.length)
  key[0] = kind
  key.writeDoubleBE(session, 1)
  key.set(rest, 9)
  return key
}

/** Bytes of a positive number, in the order of numbers. */
function numberBytes(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleBE(value)
  return bytes
}

/** A name of any length as part of a key; no two are alike. */
function name(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  if (bytes.length < LONGEST_NAME) return bytes
  return Buffer.concat([bytes.subarray(0, LONGEST_NAME), createHash('sha256').update(bytes).digest()])
}
