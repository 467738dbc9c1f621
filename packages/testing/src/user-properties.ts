/** User properties of packets, which mqtt-packet has as an object: test clients write and read them in their order. */
import type { Buffer } from 'node:buffer'
import type { UserProperties } from '@mqtt-stack/core'
import { userPairs } from '@mqtt-stack/core'
import type { Packet } from 'mqtt-packet'
import type { SentPacket } from './test-client-options.ts'

/** The packet as mqtt-packet writes it, with the pairs in their order. */
export function toWrite(packet: SentPacket): Packet {
  const written = inOrder(packet)
  if (packet.cmd !== 'connect' || packet.will === undefined) return written as Packet
  return { ...written, will: inOrder(packet.will) } as Packet
}

function inOrder<Holder extends object>(holder: Holder): Holder {
  const { properties } = holder as { properties?: { userProperties?: UserProperties } }
  if (properties?.userProperties === undefined) return holder
  const pairs = userPairs(properties.userProperties).map(([name, value]) => ({ [name]: value }))
  return { ...holder, properties: { ...properties, userProperties: pairs.length > 0 ? pairs : undefined } }
}

/** Bytes of the values whose length is fixed, by the identifier of their property; strings and binary data have theirs. */
const WIDTHS: Readonly<Record<number, number>> = {
  ...Object.fromEntries([1, 23, 25, 36, 37, 40, 41, 42].map((id) => [id, 1])),
  ...Object.fromEntries([19, 33, 34, 35].map((id) => [id, 2])),
  ...Object.fromEntries([2, 17, 24, 39].map((id) => [id, 4])),
}
const SUBSCRIPTION_IDENTIFIER = 11
const USER_PROPERTY = 38

/** The user properties of a packet of a server (5.0) that has properties, in the order in which they came. */
export function readPairs(frame: Buffer): UserProperties {
  const pairs: [string, string][] = []
  let at = 1 + variable(frame, 1)[0]
  at += before(frame, at)
  const [width, length] = variable(frame, at)
  at += width
  const end = at + length
  const string = (): string => {
    const from = at + 2
    at = from + frame.readUInt16BE(at)
    return frame.toString('utf8', from, at)
  }
  while (at < end) {
    const id = frame[at++]
    if (id === USER_PROPERTY) pairs.push([string(), string()])
    else if (id === SUBSCRIPTION_IDENTIFIER) at += variable(frame, at)[0]
    else at += WIDTHS[id] ?? 2 + frame.readUInt16BE(at)
  }
  return pairs
}

/** Bytes between the fixed header and the properties: reason codes, identifiers and the topic of a PUBLISH. */
function before(frame: Buffer, body: number): number {
  const type = frame[0] >> 4
  if (type === 3) return 2 + frame.readUInt16BE(body) + ((frame[0] & 6) > 0 ? 2 : 0)
  if (type >= 4 && type <= 7) return 3
  return type >= 14 ? 1 : 2
}

/** How many bytes a variable byte integer takes, and its value. */
function variable(bytes: Buffer, at: number): [width: number, value: number] {
  let value = 0
  for (let width = 0; ; width++) {
    value += (bytes[at + width] & 127) * 128 ** width
    if (bytes[at + width] < 128) return [width + 1, value]
  }
}

/** The first whole packet of what came. */
export function firstFrame(bytes: Buffer): Buffer {
  const [width, length] = variable(bytes, 1)
  return bytes.subarray(0, 1 + width + length)
}
