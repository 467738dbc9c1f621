/** CONNECT: checked and read in one pass over its bytes, for clients come many at once. */
import { Buffer } from 'node:buffer'
import type { ConnectPacket, ProtocolVersion, QoS } from '../packets.ts'
import { ProtocolError, protocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'
import { Fields } from './fields.ts'
import { malformed } from './malformed.ts'
import { PropertyScan, parseProperties, scanProperties } from './properties.ts'
import type { TopicLimits } from './topic-check.ts'
import { checkCharacters, checkTopicName } from './topic-check.ts'

type Will = NonNullable<ConnectPacket['will']>

const USER_NAME = 0x80
const PASSWORD = 0x40
const WILL_RETAIN = 0x20
const WILL = 0x04
const CLEAN = 0x02
const RESERVED = 0x01
/** Of the protocol level: a bridge of Mosquitto, which wants its own messages back no more than a 5.0 client may. */
const BRIDGE = 0x80

const scan = new PropertyScan()

/** The version that a CONNECT asks for, if it is one that is served, whatever else is wrong with it. */
export function versionOf(bytes: Buffer, body: number, end: number): ProtocolVersion | undefined {
  const length = bytes[body + 1]
  const level = levelOf(bytes[body + 2 + length])
  if (bytes[body] !== 0 || body + 3 + length > end) return undefined
  const name = bytes.toString('latin1', body + 2, body + 2 + length)
  if (name === 'MQIsdp') return level === 3 ? level : undefined
  return name === 'MQTT' && (level === 4 || level === 5) ? level : undefined
}

/**
 * The packet of a whole frame, in mqtt-packet's shape; holds none of its bytes.
 * @throws ProtocolError naming the standard's statement.
 */
export function readConnect(
  bytes: Buffer,
  start: number,
  body: number,
  end: number,
  limits: TopicLimits,
): ConnectPacket {
  const fields = new Fields('CONNECT', bytes, body, end)
  const protocolId = fields.string()
  const level = fields.byte()
  const protocolVersion = checkProtocol(protocolId, level)
  const v5 = protocolVersion === 5
  // 3.1 does not use these bits, and reserves none.
  if (protocolVersion > 3 && (bytes[start] & 15) !== 0)
    throw malformed(`reserved flags ${bytes[start] & 15} in a CONNECT`, 'MQTT-2.1.3-1')
  const flags = fields.byte()
  if (protocolVersion > 3 && (flags & RESERVED) !== 0)
    throw malformed('the reserved connect flag is set', 'MQTT-3.1.2-3')
  checkFlags(flags, v5)
  const keepalive = fields.uint16()
  const properties = v5 ? readProperties(fields) : undefined
  const clientId = fields.string()
  checkCharacters(clientId, 'a client identifier')
  const will = (flags & WILL) !== 0 ? readWill(fields, flags, v5, limits) : undefined
  const username = (flags & USER_NAME) !== 0 ? fields.string() : undefined
  const password = (flags & PASSWORD) !== 0 ? copyOf(fields) : undefined
  fields.finish()
  const clean = (flags & CLEAN) !== 0
  return {
    cmd: 'connect',
    protocolId,
    protocolVersion,
    bridgeMode: level === protocolVersion ? undefined : true,
    clean,
    keepalive,
    clientId,
    will,
    username,
    password,
    properties,
  } as ConnectPacket
}

/** The level without the bit that bridges set in 3.1 and 3.1.1; 5.0 has options for what it means. */
function levelOf(byte: number): number {
  return byte === (BRIDGE | 3) || byte === (BRIDGE | 4) ? byte - BRIDGE : byte
}

function checkProtocol(name: string, byte: number): ProtocolVersion {
  const level = levelOf(byte)
  if (name !== 'MQTT' && name !== 'MQIsdp')
    throw protocolError(`protocol name ${JSON.stringify(name)}`, 'MQTT-3.1.2-1')
  if (name === 'MQIsdp' ? level === 3 : level === 4 || level === 5) return level as ProtocolVersion
  throw new ProtocolError(
    'UNSUPPORTED_VERSION',
    ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
    `protocol level ${level} of ${name}`,
    'MQTT-3.1.2-2',
  )
}

function checkFlags(flags: number, v5: boolean): void {
  const will = (flags & WILL) !== 0
  const willQos = (flags >> 3) & 3
  if (!will && willQos !== 0) throw malformed('a will QoS without a will', 'MQTT-3.1.2-11')
  if (!will && (flags & WILL_RETAIN) !== 0)
    throw malformed('a will retain flag without a will', 'MQTT-3.1.2-13')
  if (willQos === 3) throw malformed('a will with QoS 3', 'MQTT-3.1.2-12')
  if (!v5 && (flags & PASSWORD) !== 0 && (flags & USER_NAME) === 0)
    throw malformed('a password without a user name', 'MQTT-3.1.2-22')
}

function readProperties(fields: Fields): ConnectPacket['properties'] {
  scanProperties(fields, 'CONNECT', scan)
  if (scan.hasData && !scan.hasMethod) throw protocolError('authentication data without a method')
  return parseProperties(fields.bytes, scan.start, scan.end)
}

function readWill(fields: Fields, flags: number, v5: boolean, limits: TopicLimits): Will {
  const retain = (flags & WILL_RETAIN) !== 0
  const qos = ((flags >> 3) & 3) as QoS
  let properties: Will['properties']
  if (v5) {
    scanProperties(fields, 'WILL', scan)
    properties = parseProperties(fields.bytes, scan.start, scan.end)
  }
  const topic = fields.string()
  checkTopicName(topic, limits)
  return { retain, qos, topic, payload: copyOf(fields), properties }
}

/** The next field's content; the chunk that it came in is not held. */
function copyOf(fields: Fields): Buffer {
  return Buffer.from(fields.bytes.subarray(fields.binary(), fields.at))
}
