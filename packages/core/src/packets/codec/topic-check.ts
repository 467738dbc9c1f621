/** What topic names, topic filters and client identifiers must be like, with the answer for those that are not. */
import { Buffer } from 'node:buffer'
import { isValidTopicFilter, isValidTopicName, parseShare, topicLevels } from '../../topics/index.ts'
import { ProtocolError, protocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'
import { malformed } from './malformed.ts'

/** How large a topic name or filter may be. */
export interface TopicLimits {
  readonly levels: number
  /** In UTF-8. */
  readonly bytes: number
}

/** Whether a topic name or filter has more UTF-8 bytes than `bytes`. */
export function isLonger(topic: string, bytes: number): boolean {
  // No character takes more than three bytes for each of its code units.
  if (topic.length * 3 <= bytes) return false
  return topic.length > bytes || Buffer.byteLength(topic) > bytes
}

/** @throws ProtocolError 0x82 for an empty name, 0x81 for one that cannot be a name, 0x90 for one too large. */
export function checkTopicName(topic: string, { levels, bytes }: TopicLimits): void {
  if (topic === '') throw protocolError('an empty topic name', 'MQTT-4.7.3-1')
  checkTopicCharacters(topic, 'a topic name', 'MQTT-3.3.2-2')
  const long = isLonger(topic, bytes)
  if (long || topicLevels(topic) > levels) {
    throw new ProtocolError(
      'TOPIC_INVALID',
      ReasonCode.TOPIC_NAME_INVALID,
      `a topic name of more than ${long ? `${bytes} bytes` : `${levels} levels`}`,
    )
  }
}

/** @throws ProtocolError 0x81 for what cannot be a topic name. */
export function checkTopicCharacters(topic: string, what: string, statement: string): void {
  if (!isValidTopicName(topic)) throw malformed(`${what} that is empty, or holds a wildcard`, statement)
  checkCharacters(topic, what)
}

/** @throws ProtocolError 0x81 for what cannot be a filter, 0x8F for one too large. */
export function checkTopicFilter(filter: string, { levels, bytes }: TopicLimits): void {
  if (filter === '') throw protocolError('an empty topic filter', 'MQTT-4.7.3-1')
  if (!isValidTopicFilter(filter)) throw malformed('a topic filter with a misplaced wildcard', 'MQTT-4.7.1-1')
  const share = parseShare(filter)
  if (share?.malformed === true) throw malformed(`a shared subscription ${share.reason}`, share.statement)
  checkCharacters(filter, 'a topic filter')
  const long = isLonger(filter, bytes)
  if (long || topicLevels(filter) > levels) {
    throw new ProtocolError(
      'FILTER_INVALID',
      ReasonCode.TOPIC_FILTER_INVALID,
      `a topic filter of more than ${long ? `${bytes} bytes` : `${levels} levels`}`,
    )
  }
}

/**
 * Control characters and non-characters may be refused (1.5.4), and are where they would name something: no real
 * client sends them, and they forge log lines.
 * @throws ProtocolError 0x81
 */
export function checkCharacters(text: string, what: string): void {
  if (hasDisallowed(text)) throw malformed(`${what} with a control character or non-character`)
}

/** C0 and C1 controls, DEL, and the code points that Unicode promises never to assign: the last two of each plane. */
function hasDisallowed(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
    if (code >= 0xfdd0 && code <= 0xfdef) return true
    if (code >= 0xfffe) return true
    if ((code & 0xfffe) === 0xdffe && (text.charCodeAt(i - 1) & 0xfc3f) === 0xd83f) return true
  }
  return false
}
