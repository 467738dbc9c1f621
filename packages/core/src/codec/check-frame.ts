/** What the standards demand of the packets that mqtt-packet reads, checked on their bytes. */
import type { Buffer } from 'node:buffer'
import { ProtocolError } from '../errors.ts'
import type { ProtocolVersion } from '../packets.ts'
import { ReasonCode } from '../reason-codes.ts'
import { parseShare } from '../topics.ts'
import { Fields } from './fields.ts'
import { malformed, protocolError } from './malformed.ts'
import { PropertyScan, scanProperties } from './properties.ts'
import { AUTH_CODES, DISCONNECT_CODES } from './reason-tables.ts'
import { checkCharacters, checkTopicFilter, checkTopicName } from './topic-check.ts'

/** What a check found out besides. */
export class FrameFacts {
  /** The version that a CONNECT asks for, as soon as it can be read: its answer must be of that version. */
  version: ProtocolVersion | undefined
  /** The will's properties within the frame, without its delay; from === to for none. */
  readonly will: [from: number, to: number][] = []
}

type Check = (fields: Fields, version: ProtocolVersion, maxLevels: number, facts: FrameFacts) => void

/** What a client may send, by packet type, with its reserved flags; what is missing only a server may send. */
const RULES: Readonly<
  Record<number, { readonly name: string; readonly flags: number; readonly check: Check } | undefined>
> = {
  1: { name: 'CONNECT', flags: 0, check: checkConnect },
  8: { name: 'SUBSCRIBE', flags: 2, check: checkSubscribe },
  10: { name: 'UNSUBSCRIBE', flags: 2, check: checkUnsubscribe },
  12: { name: 'PINGREQ', flags: 0, check: () => {} },
  14: { name: 'DISCONNECT', flags: 0, check: checkDisconnect },
  15: { name: 'AUTH', flags: 0, check: checkAuth },
}

const scan = new PropertyScan()

/**
 * Checks one whole frame that is neither PUBLISH nor an acknowledgement.
 * @throws ProtocolError naming the standard's statement.
 */
export function checkFrame(
  bytes: Buffer,
  start: number,
  body: number,
  end: number,
  version: ProtocolVersion,
  maxLevels: number,
  facts: FrameFacts,
): void {
  const header = bytes[start]
  const type = header >> 4
  const rule = RULES[type]
  if (type === 1) facts.version = versionOf(bytes, body, end)
  if (type === 0 || (type === 15 && version !== 5)) throw malformed(`the reserved packet type ${type}`)
  if (rule === undefined) throw protocolError(`packet type ${type} from a client`)
  // 3.1 lets a client mark a SUBSCRIBE or UNSUBSCRIBE that it sends again; mqtt-packet does not.
  if (version === 3 && rule.flags === 2) bytes[start] = header & 0xf7
  if ((bytes[start] & 15) !== rule.flags) {
    throw malformed(`reserved flags ${header & 15} in a ${rule.name}`, 'MQTT-2.1.3-1')
  }
  const fields = new Fields(rule.name, bytes, body, end)
  rule.check(fields, version, maxLevels, facts)
  fields.finish()
}

/** The version that a CONNECT asks for, if it is one that is served, whatever else is wrong with it. */
function versionOf(bytes: Buffer, body: number, end: number): ProtocolVersion | undefined {
  const length = bytes[body + 1]
  const level = bytes[body + 2 + length]
  if (bytes[body] !== 0 || body + 3 + length > end) return undefined
  const name = bytes.toString('latin1', body + 2, body + 2 + length)
  if (name === 'MQIsdp') return level === 3 ? level : undefined
  return name === 'MQTT' && (level === 4 || level === 5) ? level : undefined
}

function checkConnect(fields: Fields, _version: ProtocolVersion, maxLevels: number, facts: FrameFacts): void {
  const name = fields.string()
  const level = fields.byte()
  if (name !== 'MQTT' && name !== 'MQIsdp')
    throw protocolError(`protocol name ${JSON.stringify(name)}`, 'MQTT-3.1.2-1')
  if (name === 'MQIsdp' ? level !== 3 : level !== 4 && level !== 5) {
    throw new ProtocolError(
      'UNSUPPORTED_VERSION',
      ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
      `protocol level ${level} of ${name}`,
      'MQTT-3.1.2-2',
    )
  }
  const v5 = level === 5
  const flags = fields.byte()
  const will = (flags & 0x04) !== 0
  const willQos = (flags >> 3) & 3
  if ((flags & 0x01) !== 0) throw malformed('the reserved connect flag is set', 'MQTT-3.1.2-3')
  if (!will && willQos !== 0) throw malformed('a will QoS without a will', 'MQTT-3.1.2-11')
  if (!will && (flags & 0x20) !== 0) throw malformed('a will retain flag without a will', 'MQTT-3.1.2-13')
  if (willQos === 3) throw malformed('a will with QoS 3', 'MQTT-3.1.2-12')
  if (!v5 && (flags & 0x40) !== 0 && (flags & 0x80) === 0) {
    throw malformed('a password without a user name', 'MQTT-3.1.2-22')
  }
  fields.skip(2)
  if (v5) {
    scanProperties(fields, 'CONNECT', scan)
    if (scan.hasData && !scan.hasMethod) throw protocolError('authentication data without a method')
  }
  checkCharacters(fields.string(), 'a client identifier')
  if (will) checkWill(fields, v5, maxLevels, facts)
  if ((flags & 0x80) !== 0) fields.text()
  if ((flags & 0x40) !== 0) fields.binary()
}

function checkWill(fields: Fields, v5: boolean, maxLevels: number, facts: FrameFacts): void {
  if (v5) {
    scanProperties(fields, 'WILL', scan)
    const { start, end, delayAt } = scan
    if (delayAt === 0) facts.will.push([start, end])
    else facts.will.push([start, delayAt], [delayAt + 5, end])
  }
  checkTopicName(fields.string(), maxLevels)
  fields.binary()
}

function checkSubscribe(fields: Fields, version: ProtocolVersion, maxLevels: number): void {
  const v5 = version === 5
  fields.identifier()
  if (v5) scanProperties(fields, 'SUBSCRIBE', scan)
  if (fields.done) throw protocolError('a SUBSCRIBE without a filter', 'MQTT-3.8.3-2')
  while (!fields.done) {
    const filter = fields.string()
    checkTopicFilter(filter, maxLevels)
    const options = fields.byte()
    if ((options & (v5 ? 0xc0 : 0xfc)) !== 0)
      throw malformed('reserved bits in subscription options', 'MQTT-3.8.3-5')
    if ((options & 3) === 3) throw protocolError('a subscription with QoS 3', 'MQTT-3.8.3-4')
    if ((options & 0x30) === 0x30) throw protocolError('a subscription with retain handling 3')
    if ((options & 4) !== 0 && parseShare(filter) !== undefined) {
      throw protocolError('no local on a shared subscription', 'MQTT-3.8.3-4')
    }
  }
}

function checkUnsubscribe(fields: Fields, version: ProtocolVersion, maxLevels: number): void {
  fields.identifier()
  if (version === 5) scanProperties(fields, 'UNSUBSCRIBE', scan)
  if (fields.done) throw protocolError('an UNSUBSCRIBE without a filter', 'MQTT-3.10.3-2')
  while (!fields.done) checkTopicFilter(fields.string(), maxLevels)
}

function checkDisconnect(fields: Fields, version: ProtocolVersion): void {
  if (version !== 5 || fields.done) return
  const reasonCode = fields.byte()
  if (!DISCONNECT_CODES.has(reasonCode))
    throw protocolError(`a DISCONNECT with reason code ${reasonCode}`, 'MQTT-3.14.2-1')
  if (!fields.done) scanProperties(fields, 'DISCONNECT', scan)
}

function checkAuth(fields: Fields): void {
  // Without a reason code it is a success, which is the server's to tell.
  const reasonCode = fields.done ? ReasonCode.SUCCESS : fields.byte()
  if (!AUTH_CODES.has(reasonCode))
    throw protocolError(`an AUTH with reason code ${reasonCode}`, 'MQTT-3.15.2-1')
  if (fields.done) throw malformed('an AUTH without properties')
  scanProperties(fields, 'AUTH', scan)
  if (!scan.hasMethod) throw protocolError('an AUTH without a method')
}
