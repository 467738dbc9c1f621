/** What of a packet is shown to those who follow: no password, no data of an exchange, a payload only where it is asked for. */
import type { Buffer } from 'node:buffer'
import type { Fields, Packet, Publish, SentPacket } from '@mqtt-stack/core'
import { withoutToken } from '@mqtt-stack/core'

/** Characters of a payload that are shown. */
const LONGEST = 256

export function fieldsOf(packet: Packet | SentPacket, payloads: boolean): Fields {
  if (packet.cmd === 'publish')
    return 'packet' in packet ? wentOut(packet, payloads) : cameIn(packet, payloads)
  return otherFields(packet)
}

function cameIn(packet: Publish, payloads: boolean): Fields {
  const { qos, retain, dup, packetId } = packet
  return publishFields(packet, { qos, retain, dup, packetId }, payloads)
}

function wentOut(sent: Extract<SentPacket, { cmd: 'publish' }>, payloads: boolean): Fields {
  const { qos, retain, dup, packetId } = sent
  return publishFields(sent.packet, { qos, retain, dup, packetId }, payloads)
}

interface Sending {
  readonly qos: number
  readonly retain: boolean
  readonly dup: boolean
  readonly packetId: number | undefined
}

function publishFields(message: Publish, sending: Sending, payloads: boolean): Fields {
  const { qos, retain, dup, packetId } = sending
  const pairs = payloads ? message.properties?.userProperties : undefined
  return {
    topic: message.topic,
    qos,
    retain: retain || undefined,
    dup: dup || undefined,
    packetId: qos > 0 ? packetId : undefined,
    bytes: message.payloadLength,
    expiry: message.expiryInterval,
    payload: payloads ? textOf(message.payload) : undefined,
    userProperties: pairs?.map(([name, value]) => `${name}=${value}`).join(', '),
  }
}

/** Text where it is text, hexadecimal digits where it is not. */
function textOf(payload: Buffer): string {
  const head = payload.subarray(0, LONGEST)
  const text = head.toString('utf8')
  return text.includes('�') ? head.subarray(0, LONGEST / 2).toString('hex') : text
}

function otherFields(packet: Exclude<Packet | SentPacket, { cmd: 'publish' }>): Fields {
  switch (packet.cmd) {
    case 'connect':
      return {
        version: packet.protocolVersion,
        clean: packet.clean,
        keepalive: packet.keepalive,
        username: withoutToken(packet.username),
        will: packet.will?.topic,
      }
    case 'connack':
      return { reasonCode: packet.reasonCode ?? 0, sessionPresent: packet.sessionPresent }
    case 'subscribe':
      return {
        packetId: packet.packetId,
        filters: packet.subscriptions.map(({ topic, qos }) => `${topic} (QoS ${qos})`).join(', '),
      }
    case 'unsubscribe':
      return { packetId: packet.packetId, filters: packet.unsubscriptions.join(', ') }
    case 'suback':
    case 'unsuback':
      return { packetId: packet.packetId, granted: codesOf(packet) }
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return { packetId: packet.packetId, reasonCode: packet.reasonCode || undefined }
    case 'disconnect':
    case 'auth':
      return { reasonCode: packet.reasonCode ?? 0, reason: packet.properties?.reasonString }
    default:
      return {}
  }
}

function codesOf({ granted }: { readonly granted?: readonly unknown[] | undefined }): string | undefined {
  return granted?.join(', ')
}
