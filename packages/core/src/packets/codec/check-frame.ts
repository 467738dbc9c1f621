/** What the standards demand of the packets that mqtt-packet reads, checked on their bytes. */
import type { Buffer } from 'node:buffer'
import { parseShare } from '../../topics/index.ts'
import type { ProtocolVersion } from '../packets.ts'
import { ProtocolError, protocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'
import { Fields } from './fields.ts'
import { malformed } from './malformed.ts'
import { wrongType } from './packet-type.ts'
import { PropertyScan, scanProperties } from './properties.ts'
import { AUTH_CODES, DISCONNECT_CODES } from './reason-tables.ts'
import type { TopicLimits } from './topic-check.ts'
import { checkTopicFilter } from './topic-check.ts'

/** Filters that a SUBSCRIBE or UNSUBSCRIBE may hold: to read more would take others' time. */
const MAX_FILTERS = 2_048

type Check = (fields: Fields, version: ProtocolVersion, limits: TopicLimits) => void

/** What a client may send, by packet type, with its reserved flags; what is missing only a server may send. */
const RULES: Readonly<
  Record<number, { readonly name: string; readonly flags: number; readonly check: Check } | undefined>
> = {
  8: { name: 'SUBSCRIBE', flags: 2, check: checkSubscribe },
  10: { name: 'UNSUBSCRIBE', flags: 2, check: checkUnsubscribe },
  12: { name: 'PINGREQ', flags: 0, check: () => {} },
  14: { name: 'DISCONNECT', flags: 0, check: checkDisconnect },
  15: { name: 'AUTH', flags: 0, check: checkAuth },
}

const scan = new PropertyScan()

/**
 * Checks one whole frame that is neither CONNECT, PUBLISH nor an acknowledgement.
 * @returns Where its properties are (5.0); valid until the next call.
 * @throws ProtocolError naming the standard's statement.
 */
export function checkFrame(
  bytes: Buffer,
  start: number,
  body: number,
  end: number,
  version: ProtocolVersion,
  limits: TopicLimits,
): Pick<PropertyScan, 'start' | 'end'> {
  scan.start = 0
  scan.end = 0
  const header = bytes[start]
  const type = header >> 4
  const rule = RULES[type]
  if (rule === undefined || (type === 15 && version !== 5)) throw wrongType(type)
  checkFlags(header & 15, rule.flags, version, rule.name)
  // mqtt-packet knows no other flags, in 3.1 either.
  bytes[start] = (type << 4) | rule.flags
  const fields = new Fields(rule.name, bytes, body, end)
  rule.check(fields, version, limits)
  fields.finish()
  return scan
}

/**
 * Checks the lower bits of a first byte. Where later versions reserve them, 3.1 says that they are not used, and lets a
 * client mark what it sends again: of its packets the QoS alone counts, where they have one (2.1, 3.8 of MQTT 3.1).
 */
export function checkFlags(flags: number, wanted: number, version: ProtocolVersion, name: string): void {
  if (
    flags === wanted ||
    (version === 3 && (flags & wanted) === wanted && (wanted === 0 || (flags & 4) === 0))
  )
    return
  throw malformed(`reserved flags ${flags} in a ${name}`, 'MQTT-2.1.3-1')
}

function checkSubscribe(fields: Fields, version: ProtocolVersion, limits: TopicLimits): void {
  const v5 = version === 5
  fields.identifier()
  if (v5) scanProperties(fields, 'SUBSCRIBE', scan)
  if (fields.done) throw protocolError('a SUBSCRIBE without a filter', 'MQTT-3.8.3-2')
  for (let filters = 1; !fields.done; filters++) {
    if (filters > MAX_FILTERS) throw tooMany('SUBSCRIBE')
    const filter = fields.string()
    checkTopicFilter(filter, limits)
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

function checkUnsubscribe(fields: Fields, version: ProtocolVersion, limits: TopicLimits): void {
  fields.identifier()
  if (version === 5) scanProperties(fields, 'UNSUBSCRIBE', scan)
  if (fields.done) throw protocolError('an UNSUBSCRIBE without a filter', 'MQTT-3.10.3-2')
  for (let filters = 1; !fields.done; filters++) {
    if (filters > MAX_FILTERS) throw tooMany('UNSUBSCRIBE')
    checkTopicFilter(fields.string(), limits)
  }
}

function tooMany(name: string): ProtocolError {
  return new ProtocolError(
    'QUOTA_EXCEEDED',
    ReasonCode.QUOTA_EXCEEDED,
    `${name} with more than ${MAX_FILTERS} filters`,
  )
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
