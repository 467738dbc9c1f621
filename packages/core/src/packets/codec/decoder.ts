/**
 * Packets out of frames. PUBLISH, the acknowledgements and CONNECT are read straight from the chunk; every other packet
 * is checked against the standard here and then read by mqtt-packet, one whole frame at a time.
 */
import { Buffer } from 'node:buffer'
import { parseShare } from '../../topics/index.ts'
import type { AckProperties, AckType } from '../ack.ts'
import { Ack } from '../ack.ts'
import type { ConnectPacket, Packet, ProtocolVersion, QoS, SubscribePacket } from '../packets.ts'
import { PropertySpan } from '../property-span.ts'
import { protocolError } from '../protocol-error.ts'
import { Publish } from '../publish.ts'
import { checkFlags, checkFrame } from './check-frame.ts'
import { ColdReader } from './cold-reader.ts'
import { readConnect, versionOf } from './connect.ts'
import { Fields } from './fields.ts'
import type { Inbox } from './inbox.ts'
import { malformed } from './malformed.ts'
import { CLIENT_TYPES_5 } from './packet-type.ts'
import type { PropertyOwner } from './properties.ts'
import { PropertyScan, parseProperties, scanProperties } from './properties.ts'
import { ACK_CODES } from './reason-tables.ts'
import type { TopicAliases } from './topic-aliases.ts'
import { TopicCache } from './topic-cache.ts'
import type { TopicLimits } from './topic-check.ts'
import { checkTopicName } from './topic-check.ts'

/** Types by the upper four bits, as in the standard's table 2.1. */
const CONNECT = 1
const PUBLISH = 3
const PUBCOMP = 7
const PINGREQ = 12
const ACKS: Readonly<Record<number, AckType>> = { 4: 'puback', 5: 'pubrec', 6: 'pubrel', 7: 'pubcomp' }

const EMPTY = Buffer.alloc(0)

/** What decoding must know of a connection. */
export interface Source {
  readonly inbox: Inbox
  /** Set by a CONNECT as soon as its version can be read: what is wrong with the rest is answered in that version. */
  protocolVersion: ProtocolVersion
  /** A bridge of Mosquitto, by its protocol level: all it subscribes to is with no local and retain as published. */
  bridge: boolean
  /** The topic aliases that the client set (5.0). */
  readonly aliases: TopicAliases
}

/** One for a stack: what it remembers (topics) is shared by all clients. */
export class Decoder {
  readonly #topics: TopicCache
  readonly #cold = new ColdReader()
  readonly #scan = new PropertyScan()
  /** For messages: one object for all. */
  readonly #fields = new Fields('PUBLISH', EMPTY, 0, 0)
  readonly #limits: TopicLimits

  /** @param limits How large a topic or filter may be. */
  constructor(limits: TopicLimits) {
    this.#limits = limits
    this.#topics = new TopicCache((topic) => checkTopicName(topic, limits))
  }

  /**
   * The packet of the inbox's current frame.
   * @throws ProtocolError for anything the standard calls malformed or a protocol error.
   */
  decode(source: Source): Packet {
    const { inbox } = source
    const { type } = inbox
    if (source.protocolVersion === 5) checkLength(inbox)
    if (type === PUBLISH) return this.#publish(source, inbox.bytes, inbox.start, inbox.body, inbox.end)
    if (type > PUBLISH && type <= PUBCOMP) return this.#ack(inbox, source.protocolVersion)
    return type === CONNECT ? this.#connect(source) : this.#decodeChecked(source)
  }

  #publish(source: Source, bytes: Buffer, start: number, body: number, end: number): Publish {
    const header = bytes[start]
    const qos = ((header >> 1) & 3) as QoS
    const dup = (header & 8) !== 0
    if ((qos as number) === 3) throw malformed('a PUBLISH with QoS 3', 'MQTT-3.3.1-4')
    if (qos === 0 && dup) throw malformed('a PUBLISH with DUP at QoS 0', 'MQTT-3.3.1-2')
    const topicAt = body + 2
    if (topicAt > end) throw malformed('a PUBLISH that ends within its topic length')
    const idAt = topicAt + ((bytes[body] << 8) | bytes[body + 1])
    let payloadAt = qos === 0 ? idAt : idAt + 2
    if (payloadAt > end) throw malformed('a PUBLISH that ends before its payload begins')
    let packetId = 0
    if (qos !== 0) {
      packetId = (bytes[idAt] << 8) | bytes[idAt + 1]
      if (packetId === 0) throw protocolError('a PUBLISH with packet identifier 0', 'MQTT-2.2.1-3')
    }
    const v5 = source.protocolVersion === 5
    let span: PropertySpan | undefined
    let topic: string | undefined
    if (v5) {
      // One zero byte says that there are none.
      if (payloadAt < end && bytes[payloadAt] === 0) payloadAt++
      else {
        const fields = this.#fields.over('PUBLISH', bytes, payloadAt, end)
        scanProperties(fields, 'PUBLISH', this.#scan)
        payloadAt = fields.at
        topic = this.#resolveAlias(source, bytes, topicAt, idAt)
        span = this.#span(source, start, topicAt === idAt)
      }
    }
    topic ??= this.#topics.read(bytes, topicAt, idAt)
    const retain = (header & 1) === 1
    return new Publish(
      topic,
      qos,
      retain,
      dup,
      packetId,
      v5,
      span,
      bytes,
      start,
      end - start,
      idAt - start,
      payloadAt - start,
      false,
    )
  }

  /** Sets or resolves a topic alias; `undefined` when there is none. */
  #resolveAlias(source: Source, bytes: Buffer, topicAt: number, idAt: number): string | undefined {
    const { alias } = this.#scan
    if (alias === 0) return undefined
    if (topicAt === idAt) return source.aliases.resolve(alias)
    const topic = this.#topics.read(bytes, topicAt, idAt)
    source.aliases.set(alias, topic, bytes, topicAt - 2, idAt)
    return topic
  }

  #span(source: Source, start: number, aliasOnly: boolean): PropertySpan {
    const { start: from, end, aliasAt, alias, expiryAt, payloadIsText } = this.#scan
    const topic = aliasOnly && alias !== 0 ? source.aliases.bytesOf(alias) : undefined
    return new PropertySpan(
      from - start,
      end - start,
      aliasAt === 0 ? 0 : aliasAt - start,
      expiryAt === 0 ? 0 : expiryAt - start,
      topic,
      payloadIsText,
    )
  }

  #ack({ bytes, start, body, end }: Inbox, version: ProtocolVersion): Ack {
    const header = bytes[start]
    const cmd = ACKS[header >> 4]
    const flags = header & 15
    const wanted = cmd === 'pubrel' ? 2 : 0
    if (flags !== wanted) checkFlags(flags, wanted, version, cmd.toUpperCase())
    if (end - body !== 2 && (version !== 5 || end - body < 2)) {
      throw malformed(`a ${cmd.toUpperCase()} of ${end - body} bytes`)
    }
    const packetId = (bytes[body] << 8) | bytes[body + 1]
    if (packetId === 0) throw protocolError(`a ${cmd.toUpperCase()} with packet identifier 0`, 'MQTT-2.2.1-3')
    return end - body === 2
      ? new Ack(cmd, packetId, 0, undefined)
      : this.#reason(cmd, packetId, bytes, body + 2, end)
  }

  #reason(cmd: AckType, packetId: number, bytes: Buffer, at: number, end: number): Ack {
    const owner = cmd.toUpperCase() as PropertyOwner
    const fields = new Fields(owner, bytes, at, end)
    const reasonCode = fields.byte()
    if (!ACK_CODES[cmd].has(reasonCode)) throw protocolError(`a ${owner} with reason code ${reasonCode}`)
    if (fields.done) return new Ack(cmd, packetId, reasonCode, undefined)
    scanProperties(fields, owner, this.#scan)
    fields.finish()
    const { start, end: to } = this.#scan
    return new Ack(cmd, packetId, reasonCode, parseProperties(bytes, start, to) as AckProperties | undefined)
  }

  #connect(source: Source): ConnectPacket {
    const { inbox } = source
    const { bytes, start, body, end } = inbox
    const version = versionOf(bytes, body, end)
    if (version !== undefined && inbox.awaitsConnect) source.protocolVersion = version
    if (version === 5) {
      inbox.types = CLIENT_TYPES_5
      checkLength(inbox)
    }
    const packet = readConnect(bytes, start, body, end, this.#limits)
    if (inbox.awaitsConnect) source.bridge = packet.bridgeMode === true
    return packet
  }

  #decodeChecked({ inbox, protocolVersion, bridge }: Source): Packet {
    const { bytes, start, body, end } = inbox
    const properties = checkFrame(bytes, start, body, end, protocolVersion, this.#limits)
    // Idle clients send nothing but PINGREQ, and all that go a DISCONNECT.
    if (body === end)
      return inbox.type === PINGREQ ? { cmd: 'pingreq' } : { cmd: 'disconnect', reasonCode: 0 }
    const packet = this.#cold.read(bytes, start, end, protocolVersion)
    // mqtt-packet would lose the order of user properties.
    if (properties.start < properties.end)
      Object.assign(packet, { properties: parseProperties(bytes, properties.start, properties.end) })
    return bridge && packet.cmd === 'subscribe' ? asBridge(packet) : packet
  }
}

/** What Mosquitto grants its bridges: what they publish does not come back to them, and the retain flag is kept. */
function asBridge(packet: SubscribePacket): SubscribePacket {
  const subscriptions = packet.subscriptions.map((asked) => ({
    ...asked,
    // A share has no local copies [MQTT-3.8.3-4].
    nl: parseShare(asked.topic) === undefined,
    rap: true,
  }))
  return { ...packet, subscriptions }
}

/** In 5.0 a remaining length takes no more bytes than it needs [MQTT-1.5.5-1]. */
function checkLength({ bytes, start, body }: Inbox): void {
  if (body - start > 2 && bytes[body - 1] === 0) throw malformed('a padded remaining length', 'MQTT-1.5.5-1')
}
