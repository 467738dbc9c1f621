/**
 * Packets out of frames. PUBLISH and the acknowledgements are read straight from the chunk; every other packet is
 * checked against the standard here and then read by mqtt-packet, one whole frame at a time.
 */
import type { Buffer } from 'node:buffer'
import type { AckType } from '../ack.ts'
import { Ack } from '../ack.ts'
import { ProtocolError } from '../errors.ts'
import type { Packet, ProtocolVersion, QoS } from '../packets.ts'
import { Publish } from '../publish.ts'
import { ReasonCode } from '../reason-codes.ts'
import { checkFrame } from './check-frame.ts'
import { ColdReader } from './cold-reader.ts'
import type { Inbox } from './inbox.ts'
import { malformed } from './malformed.ts'
import { TopicCache } from './topic-cache.ts'

/** Types by the upper four bits, as in the standard's table 2.1. */
const PUBLISH = 3
const PUBCOMP = 7
const ACKS: Readonly<Record<number, AckType>> = { 4: 'puback', 5: 'pubrec', 6: 'pubrel', 7: 'pubcomp' }

/** One for a stack: what it remembers (topics) is shared by all clients. */
export class Decoder {
  readonly #topics: TopicCache
  readonly #cold = new ColdReader()
  readonly #maxLevels: number

  /** @param maxTopicLevels Levels that a topic or filter may have. */
  constructor(maxTopicLevels: number) {
    this.#maxLevels = maxTopicLevels
    this.#topics = new TopicCache(maxTopicLevels)
  }

  /**
   * The packet of the inbox's current frame.
   * @throws ProtocolError for anything the standard calls malformed or a protocol error.
   */
  decode(inbox: Inbox, version: ProtocolVersion): Packet {
    const { bytes, start } = inbox
    const header = bytes[start]
    const type = header >> 4
    if (type === PUBLISH) return this.#publish(bytes, start, inbox.body, inbox.end, header)
    if (type > PUBLISH && type <= PUBCOMP) return this.#ack(bytes, inbox.body, inbox.end, header, version)
    checkFrame(bytes, start, inbox.body, inbox.end, version, this.#maxLevels)
    return this.#cold.read(bytes, start, inbox.end, version)
  }

  #publish(bytes: Buffer, start: number, body: number, end: number, header: number): Publish {
    const qos = ((header >> 1) & 3) as QoS
    const dup = (header & 8) !== 0
    if ((qos as number) === 3) throw malformed('a PUBLISH with QoS 3', 'MQTT-3.3.1-4')
    if (qos === 0 && dup) throw malformed('a PUBLISH with DUP at QoS 0', 'MQTT-3.3.1-2')
    const topicAt = body + 2
    if (topicAt > end) throw malformed('a PUBLISH that ends within its topic length')
    const idAt = topicAt + ((bytes[body] << 8) | bytes[body + 1])
    const payloadAt = qos === 0 ? idAt : idAt + 2
    if (payloadAt > end) throw malformed('a PUBLISH that ends before its payload begins')
    const topic = this.#topics.read(bytes, topicAt, idAt)
    let messageId = 0
    if (qos !== 0) {
      messageId = (bytes[idAt] << 8) | bytes[idAt + 1]
      if (messageId === 0) throw malformed('a PUBLISH with packet identifier 0', 'MQTT-2.3.1-1')
    }
    const retain = (header & 1) === 1
    return new Publish(
      topic,
      qos,
      retain,
      dup,
      messageId,
      undefined,
      false,
      bytes,
      start,
      end,
      idAt,
      payloadAt,
      false,
    )
  }

  #ack(bytes: Buffer, body: number, end: number, header: number, version: ProtocolVersion): Ack {
    const cmd = ACKS[header >> 4]
    const flags = header & 15
    const wanted = cmd === 'pubrel' ? 2 : 0
    // 3.1 lets a client mark a PUBREL that it sends again.
    if (flags !== wanted && !(version === 3 && (flags & 7) === wanted)) {
      throw malformed(`reserved flags ${flags} in a ${cmd.toUpperCase()}`, 'MQTT-2.2.2-2')
    }
    if (end - body !== 2) throw malformed(`a ${cmd.toUpperCase()} of ${end - body} bytes`)
    const messageId = (bytes[body] << 8) | bytes[body + 1]
    if (messageId === 0) {
      throw new ProtocolError(
        'PROTOCOL_ERROR',
        ReasonCode.PROTOCOL_ERROR,
        `a ${cmd.toUpperCase()} with packet identifier 0`,
        'MQTT-2.3.1-1',
      )
    }
    return new Ack(cmd, messageId, 0)
  }
}
