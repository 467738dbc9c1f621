/** What the standard demands of the packets that mqtt-packet reads, checked on their bytes. */
import type { Buffer } from 'node:buffer'
import { isUtf8 } from 'node:buffer'
import { ProtocolError } from '../errors.ts'
import type { ProtocolVersion } from '../packets.ts'
import { ReasonCode } from '../reason-codes.ts'
import { isValidTopicFilter, topicLevels } from '../topics.ts'
import { malformed } from './malformed.ts'
import { checkTopicName } from './topic-cache.ts'

type Check = (fields: Fields, version: ProtocolVersion, maxLevels: number) => void

/** What a client may send, by packet type, with its reserved flags; what is missing only a server may send. */
const RULES: Readonly<
  Record<number, { readonly name: string; readonly flags: number; readonly check: Check } | undefined>
> = {
  1: { name: 'CONNECT', flags: 0, check: checkConnect },
  8: { name: 'SUBSCRIBE', flags: 2, check: checkSubscribe },
  10: { name: 'UNSUBSCRIBE', flags: 2, check: checkUnsubscribe },
  12: { name: 'PINGREQ', flags: 0, check: () => {} },
  14: { name: 'DISCONNECT', flags: 0, check: () => {} },
}

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
): void {
  const header = bytes[start]
  const rule = RULES[header >> 4]
  if (rule === undefined) throw protocolError(`packet type ${header >> 4} from a client`, 'MQTT-2.2.2-2')
  // 3.1 lets a client mark a SUBSCRIBE or UNSUBSCRIBE that it sends again; mqtt-packet does not.
  if (version === 3 && rule.flags === 2) bytes[start] = header & 0xf7
  if ((bytes[start] & 15) !== rule.flags)
    throw malformed(`reserved flags ${header & 15} in a ${rule.name}`, 'MQTT-2.2.2-2')
  const fields = new Fields(rule.name, bytes, body, end)
  rule.check(fields, version, maxLevels)
  fields.finish()
}

function checkConnect(fields: Fields, _version: ProtocolVersion, maxLevels: number): void {
  const name = fields.string()
  const level = fields.byte()
  if (name !== 'MQTT' && name !== 'MQIsdp')
    throw protocolError(`protocol name ${JSON.stringify(name)}`, 'MQTT-3.1.2-1')
  if (level !== (name === 'MQIsdp' ? 3 : 4)) {
    throw new ProtocolError(
      'UNSUPPORTED_VERSION',
      ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
      `protocol level ${level} of ${name}`,
      'MQTT-3.1.2-2',
    )
  }
  const flags = fields.byte()
  const will = (flags & 0x04) !== 0
  const willQos = (flags >> 3) & 3
  if ((flags & 0x01) !== 0) throw malformed('the reserved connect flag is set', 'MQTT-3.1.2-3')
  if (!will && willQos !== 0) throw malformed('a will QoS without a will', 'MQTT-3.1.2-13')
  if (!will && (flags & 0x20) !== 0) throw malformed('a will retain flag without a will', 'MQTT-3.1.2-15')
  if (willQos === 3) throw malformed('a will with QoS 3', 'MQTT-3.1.2-14')
  if ((flags & 0x40) !== 0 && (flags & 0x80) === 0)
    throw malformed('a password without a user name', 'MQTT-3.1.2-22')
  fields.skip(2)
  fields.string()
  if (will) {
    checkTopicName(fields.string(), maxLevels)
    fields.binary()
  }
  if ((flags & 0x80) !== 0) fields.string()
  if ((flags & 0x40) !== 0) fields.binary()
}

function checkSubscribe(fields: Fields, _version: ProtocolVersion, maxLevels: number): void {
  fields.identifier()
  if (fields.done) throw protocolError('a SUBSCRIBE without a filter', 'MQTT-3.8.3-3')
  while (!fields.done) {
    checkFilter(fields.string(), maxLevels)
    if (fields.byte() > 2) throw malformed('a requested QoS that is not 0, 1 or 2', 'MQTT-3.8.3-4')
  }
}

function checkUnsubscribe(fields: Fields, _version: ProtocolVersion, maxLevels: number): void {
  fields.identifier()
  if (fields.done) throw protocolError('an UNSUBSCRIBE without a filter', 'MQTT-3.10.3-2')
  while (!fields.done) checkFilter(fields.string(), maxLevels)
}

function checkFilter(filter: string, maxLevels: number): void {
  if (!isValidTopicFilter(filter)) {
    throw new ProtocolError(
      'FILTER_INVALID',
      ReasonCode.TOPIC_FILTER_INVALID,
      'a topic filter that is empty or places a wildcard wrongly',
      'MQTT-4.7.1-2',
    )
  }
  if (topicLevels(filter) > maxLevels) {
    throw new ProtocolError(
      'FILTER_INVALID',
      ReasonCode.TOPIC_FILTER_INVALID,
      `a topic filter of more than ${maxLevels} levels`,
    )
  }
}

function protocolError(message: string, statement: string): ProtocolError {
  return new ProtocolError('PROTOCOL_ERROR', ReasonCode.PROTOCOL_ERROR, message, statement)
}

/** A body read field by field; every step is checked against its end. */
class Fields {
  readonly #name: string
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(name: string, bytes: Buffer, at: number, end: number) {
    this.#name = name
    this.#bytes = bytes
    this.#at = at
    this.#end = end
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  skip(length: number): number {
    const at = this.#at
    this.#at += length
    if (this.#at > this.#end) throw malformed(`a ${this.#name} that ends too early`)
    return at
  }

  byte(): number {
    return this.#bytes[this.skip(1)]
  }

  uint16(): number {
    const at = this.skip(2)
    return (this.#bytes[at] << 8) | this.#bytes[at + 1]
  }

  identifier(): void {
    if (this.uint16() === 0) throw protocolError(`a ${this.#name} with packet identifier 0`, 'MQTT-2.3.1-1')
  }

  binary(): void {
    this.skip(this.uint16())
  }

  string(): string {
    const length = this.uint16()
    const at = this.skip(length)
    if (!isUtf8(this.#bytes.subarray(at, at + length)))
      throw malformed(`a ${this.#name} with a string that is not UTF-8`, 'MQTT-1.5.3-1')
    const text = this.#bytes.toString('utf8', at, at + length)
    if (text.includes('\0')) throw malformed(`a ${this.#name} with U+0000 in a string`, 'MQTT-1.5.3-2')
    return text
  }

  finish(): void {
    if (!this.done) throw malformed(`a ${this.#name} with ${this.#end - this.#at} bytes too many`)
  }
}
