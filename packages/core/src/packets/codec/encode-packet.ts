/** Packets of every type but PUBLISH and the acknowledgements, as bytes that the client is willing to take. */
import { Buffer } from 'node:buffer'
import type { Packet as PlainPacket } from 'mqtt-packet'
import { generate, writeToStream } from 'mqtt-packet'
import type { ClientSettings } from '../client-settings.ts'
import type { OutgoingPacket, ProtocolVersion } from '../packets.ts'
import type { UserPropertiesInit } from '../user-properties.ts'
import { pairObjects } from './write-pairs.ts'

// It would keep a buffer for each of 65,536 numbers; what is encoded here is rare.
writeToStream.cacheNumbers = false

interface Diagnostics {
  reasonString?: string
  userProperties?: UserPropertiesInit
}

/**
 * The packet's bytes. Reason string and user properties are left out where the client asked for none
 * [MQTT-3.1.2-29] or its maximum packet size has no room for them [MQTT-3.2.2-19]; `undefined` when it has none for
 * the rest either.
 */
export function encodePacket(
  packet: OutgoingPacket,
  protocolVersion: ProtocolVersion,
  { maximumPacketSize, requestProblemInformation }: ClientSettings,
): Buffer | undefined {
  const told = packet.cmd === 'connack' || packet.cmd === 'disconnect' || requestProblemInformation
  let bytes = encode(told ? packet : without(packet, 'reasonString', 'userProperties'), protocolVersion)
  if (bytes.length > maximumPacketSize) bytes = encode(without(packet, 'userProperties'), protocolVersion)
  if (bytes.length > maximumPacketSize)
    bytes = encode(without(packet, 'reasonString', 'userProperties'), protocolVersion)
  return bytes.length > maximumPacketSize ? undefined : bytes
}

function encode(packet: OutgoingPacket, protocolVersion: ProtocolVersion): Buffer {
  // Many clients come at once, and many are idle: these two are made as often as that.
  if (packet.cmd === 'pingresp') return Buffer.of(0xd0, 0)
  if (packet.cmd === 'connack' && protocolVersion < 5 && packet.returnCode !== undefined) {
    return Buffer.of(0x20, 2, packet.sessionPresent ? 1 : 0, packet.returnCode)
  }
  return generate(inItsWords(packet), { protocolVersion })
}

/** The packet as mqtt-packet takes it: with its word for the packet identifier, and user properties as an object. */
function inItsWords(packet: OutgoingPacket): PlainPacket {
  const plain = ('packetId' in packet ? { messageId: packet.packetId, ...packet } : packet) as PlainPacket
  if (!('properties' in packet) || packet.properties === undefined) return plain
  const properties: Diagnostics = packet.properties
  if (properties.userProperties === undefined) return plain
  const userProperties = pairObjects(properties.userProperties)
  return { ...plain, properties: { ...properties, userProperties } } as object as PlainPacket
}

function without(packet: OutgoingPacket, ...keys: (keyof Diagnostics)[]): OutgoingPacket {
  if (!('properties' in packet) || packet.properties === undefined) return packet
  const properties: Diagnostics = { ...packet.properties }
  for (const key of keys) delete properties[key]
  return { ...packet, properties } as OutgoingPacket
}
