/**
 * Topic names and topic filters: what is legal, and what matches. Pure functions that scan character codes: no
 * recursion, no regular expressions, no memory taken by depth.
 *
 * Statement numbers are MQTT 3.1.1's. 5.0 counts on from 4.7.0-1: its 4.7.0-1, 4.7.1-1 and 4.7.1-2 are 3.1.1's
 * 4.7.1-1, 4.7.1-2 and 4.7.1-3.
 */

const SLASH = 0x2f
const PLUS = 0x2b
const HASH = 0x23
const DOLLAR = 0x24
const SHARE_PREFIX = '$share/'

/** The most UTF-8 bytes that a topic name or topic filter may have [MQTT-4.7.3-3]. */
export const MAX_TOPIC_BYTES = 65_535

/**
 * Whether `topic` may be published to: one to 65,535 bytes of well-formed UTF-8 [MQTT-4.7.3-1] [MQTT-4.7.3-3]
 * [MQTT-1.5.3-1], without wildcards [MQTT-4.7.1-1] and without U+0000 [MQTT-4.7.3-2].
 */
export function isValidTopicName(topic: string): boolean {
  if (!isValidTopicString(topic)) return false
  for (let i = 0; i < topic.length; i++) {
    const code = topic.charCodeAt(i)
    if (code === PLUS || code === HASH) return false
  }
  return true
}

/**
 * Whether `filter` may be subscribed to: the string rules of a topic name [MQTT-4.7.3-1] [MQTT-4.7.3-2]
 * [MQTT-4.7.3-3], `#` alone in the last level [MQTT-4.7.1-2], `+` alone in its level [MQTT-4.7.1-3].
 * A filter that begins with `$share/` has rules of its own: see {@link parseShare}.
 */
export function isValidTopicFilter(filter: string): boolean {
  if (!isValidTopicString(filter)) return false
  const last = filter.length - 1
  for (let i = 0; i <= last; i++) {
    const code = filter.charCodeAt(i)
    if (code !== PLUS && code !== HASH) continue
    if (i > 0 && filter.charCodeAt(i - 1) !== SLASH) return false
    if (i < last && (code === HASH || filter.charCodeAt(i + 1) !== SLASH)) return false
  }
  return true
}

/** Whether a valid filter matches more than the one topic that is spelled like it. */
export function hasWildcards(filter: string): boolean {
  return filter.includes('+') || filter.endsWith('#')
}

/** How many levels a topic or filter has: one more than it has slashes, so `/a` has two. Takes no memory. */
export function topicLevels(topic: string): number {
  let levels = 1
  for (let at = topic.indexOf('/'); at !== -1; at = topic.indexOf('/', at + 1)) levels++
  return levels
}

/**
 * Whether a valid filter matches a valid topic name. `sport/#` matches `sport` itself, and a filter whose first
 * level is a wildcard matches no topic that begins with `$` [MQTT-4.7.2-1]. Characters are compared as they
 * are, never folded or normalized [MQTT-4.7.3-4].
 */
export function matchesFilter(filter: string, topic: string): boolean {
  if (topic.charCodeAt(0) === DOLLAR && isWildcard(filter.charCodeAt(0))) return false
  let f = 0
  let t = 0
  for (;;) {
    const code = filter.charCodeAt(f)
    if (code === HASH) return true
    if (code === PLUS) {
      f++
      while (t < topic.length && topic.charCodeAt(t) !== SLASH) t++
    } else {
      while (t < topic.length && topic.charCodeAt(t) === filter.charCodeAt(f) && !isLevelEnd(filter, f)) {
        f++
        t++
      }
    }
    if (!isLevelEnd(filter, f) || !isLevelEnd(topic, t)) return false
    if (t === topic.length) return f === filter.length || filter.charCodeAt(f + 1) === HASH
    if (f === filter.length) return false
    f++
    t++
  }
}

/**
 * What a filter that begins with `$share/` asks for. When malformed, `statement` is the number of the statement
 * that it breaks, without brackets, and `reason` says so in words.
 */
export type ParsedShare =
  | { readonly malformed: false; readonly group: string; readonly filter: string }
  | { readonly malformed: true; readonly reason: string; readonly statement: string }

/**
 * Takes `$share/group/filter` apart; `undefined` for a filter that asks for no share. The group has at least one
 * character [MQTT-4.8.2-1], none of them a wildcard, and a slash and a valid filter follow it [MQTT-4.8.2-2].
 */
export function parseShare(filter: string): ParsedShare | undefined {
  if (!filter.startsWith(SHARE_PREFIX)) return undefined
  const start = SHARE_PREFIX.length
  const slash = filter.indexOf('/', start)
  const group = filter.slice(start, slash === -1 ? undefined : slash)
  if (group === '') return malformed('the name of the share is empty', 'MQTT-4.8.2-1')
  if (group.includes('+') || group.includes('#')) {
    return malformed('the name of the share holds a wildcard', 'MQTT-4.8.2-2')
  }
  const shared = slash === -1 ? '' : filter.slice(slash + 1)
  if (shared === '') return malformed('no topic filter follows the name of the share', 'MQTT-4.8.2-2')
  if (!isValidTopicFilter(filter))
    return malformed('what follows the share is no valid filter', 'MQTT-4.8.2-2')
  return { malformed: false, group, filter: shared }
}

function malformed(reason: string, statement: string): ParsedShare {
  return { malformed: true, reason, statement }
}

/** The rules that names and filters have in common; a surrogate without its partner is no UTF-8. */
function isValidTopicString(text: string): boolean {
  if (text.length === 0 || text.length > MAX_TOPIC_BYTES) return false
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) {
      if (code === 0) return false
    } else if (code < 0x800) {
      bytes += 1
    } else if (code < 0xd800 || code > 0xdfff) {
      bytes += 2
    } else {
      const low = text.charCodeAt(++i)
      if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return false
      bytes += 2
    }
  }
  return bytes <= MAX_TOPIC_BYTES
}

function isWildcard(code: number): boolean {
  return code === PLUS || code === HASH
}

function isLevelEnd(text: string, at: number): boolean {
  return at === text.length || text.charCodeAt(at) === SLASH
}
