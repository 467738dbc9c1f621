/** Strict decoding of what a server sends: every packet of every test is held against the standard's format. */
import type { Buffer } from 'node:buffer'
import { readProperties } from './decode-properties.ts'
import type { PacketName, Version } from './packet-types.ts'
import { fixedFlags, TYPE } from './packet-types.ts'
import type { Received } from './packets.ts'
import type { Properties } from './properties.ts'
import { BadPacket, Reader } from './reader.ts'
import { hex, isServerCode } from './reason-codes.ts'

const names = Object.keys(TYPE) as PacketName[]
const none: Properties = {}

/**
 * Takes the first whole packet off `bytes`.
 * @returns The packet and its length, or nothing while it is not whole.
 * @throws BadPacket when a server may not send it.
 */
export function decode(version: Version, bytes: Buffer): Received | undefined {
  let length = 0
  for (let at = 1; at <= 4; at++) {
    if (at >= bytes.length) return undefined
    length += (bytes[at] & 0x7f) * 128 ** (at - 1)
    if (bytes[at] >= 0x80) continue
    const end = at + 1 + length
    if (bytes.length < end) return undefined
    const minimal = at === 1 || bytes[at] > 0
    if (!minimal && version === 5) throw new BadPacket('a remaining length is longer than it needs to be')
    return readPacket(version, bytes.subarray(0, end), bytes.subarray(at + 1, end))
  }
  throw new BadPacket('a remaining length has more than four bytes')
}

function readPacket(version: Version, bytes: Buffer, body: Buffer): Received {
  const type = names[(bytes[0] >> 4) - 1]
  const flags = bytes[0] & 0x0f
  if (type === undefined) throw new BadPacket('a packet has the reserved type 0')
  const reader = new Reader(body)
  const packet = readBody(version, type, flags, bytes, reader)
  if (type !== 'publish' && flags !== fixedFlags(type)) throw new BadPacket(`${type}: its flags are ${flags}`)
  if (reader.left > 0) throw new BadPacket(`${type}: ${reader.left} bytes behind its end`)
  return packet
}

function readBody(
  version: Version,
  type: PacketName,
  flags: number,
  bytes: Buffer,
  reader: Reader,
): Received {
  const read = (): Properties => (version === 5 ? readProperties(reader, type) : none)
  const code = (): number => checkedCode(version, type, reader.byte())
  switch (type) {
    case 'connack': {
      const acknowledge = reader.byte()
      if (acknowledge > 1) throw new BadPacket(`connack: its acknowledge flags are ${acknowledge}`)
      return { type, bytes, sessionPresent: acknowledge === 1, code: code(), properties: read() }
    }
    case 'publish': {
      const qos = (flags >> 1) & 3
      const topic = reader.string()
      const id = qos > 0 ? identifier(type, reader) : 0
      const properties = read()
      if (qos === 3) throw new BadPacket('publish: its QoS is 3')
      if (qos === 0 && flags & 8) throw new BadPacket('publish: DUP at QoS 0')
      if (/[+#]/.test(topic)) throw new BadPacket(`publish: wildcards in the topic ${topic}`)
      if (topic === '' && properties.topicAlias === undefined) throw new BadPacket('publish: no topic')
      const dup = (flags & 8) > 0
      return { type, bytes, topic, id, qos, dup, retain: (flags & 1) > 0, properties, payload: reader.rest() }
    }
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp': {
      const id = identifier(type, reader)
      const reason = version === 5 && reader.left > 0 ? code() : 0
      return { type, bytes, id, code: reason, properties: reader.left > 0 ? read() : none }
    }
    case 'suback':
    case 'unsuback': {
      const id = identifier(type, reader)
      const properties = read()
      const codes = type === 'suback' || version === 5 ? [...reader.rest()] : []
      for (const one of codes) checkedCode(version, type, one)
      return { type, bytes, id, properties, codes }
    }
    case 'pingresp':
      return { type, bytes, properties: none }
    case 'disconnect':
    case 'auth': {
      if (version < 5) break
      const reason = reader.left > 0 ? code() : 0
      const properties = reader.left > 0 ? read() : none
      if (properties.sessionExpiry !== undefined) {
        throw new BadPacket('disconnect: a server sends no session expiry [MQTT-3.14.2-2]')
      }
      return { type, bytes, code: reason, properties }
    }
  }
  throw new BadPacket(`a server sends no ${type.toUpperCase()}`)
}

function identifier(type: PacketName, reader: Reader): number {
  const id = reader.two()
  if (id === 0) throw new BadPacket(`${type}: its packet identifier is 0`)
  return id
}

function checkedCode(version: Version, type: PacketName, code: number): number {
  if (!isServerCode(version, type, code))
    throw new BadPacket(`${type}: a server may not say ${hex(code)} there`)
  return code
}
