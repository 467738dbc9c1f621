/** What topic names, topic filters and client identifiers must be like, with the answer for those that are not. */
import { ProtocolError } from '../errors.ts'
import { ReasonCode } from '../reason-codes.ts'
import { isValidTopicFilter, isValidTopicName, parseShare, topicLevels } from '../topics.ts'
import { malformed, protocolError } from './malformed.ts'

/** @throws ProtocolError 0x82 for an empty name, 0x81 for one that cannot be a name, 0x90 for too many levels. */
export function checkTopicName(topic: string, maxLevels: number): void {
  if (topic === '') throw protocolError('an empty topic name', 'MQTT-4.7.3-1')
  checkTopicCharacters(topic, 'a topic name', 'MQTT-3.3.2-2')
  if (topicLevels(topic) > maxLevels) {
    throw new ProtocolError(
      'TOPIC_INVALID',
      ReasonCode.TOPIC_NAME_INVALID,
      `a topic name of more than ${maxLevels} levels`,
    )
  }
}

/** @throws ProtocolError 0x81 for what cannot be a topic name. */
export function checkTopicCharacters(topic: string, what: string, statement: string): void {
  if (!isValidTopicName(topic)) throw malformed(`${what} that is empty, or holds a wildcard`, statement)
  checkCharacters(topic, what)
}

/** @throws ProtocolError 0x81 for what cannot be a filter, 0x8F for too many levels. */
export function checkTopicFilter(filter: string, maxLevels: number): void {
  if (filter === '') throw protocolError('an empty topic filter', 'MQTT-4.7.3-1')
  if (!isValidTopicFilter(filter)) throw malformed('a topic filter with a misplaced wildcard', 'MQTT-4.7.1-1')
  const share = parseShare(filter)
  if (share?.malformed === true) throw malformed(`a shared subscription ${share.reason}`, share.statement)
  checkCharacters(filter, 'a topic filter')
  if (topicLevels(filter) > maxLevels) {
    throw new ProtocolError(
      'FILTER_INVALID',
      ReasonCode.TOPIC_FILTER_INVALID,
      `a topic filter of more than ${maxLevels} levels`,
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
