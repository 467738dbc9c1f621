import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hasWildcards,
  isValidTopicFilter,
  isValidTopicName,
  MAX_TOPIC_BYTES,
  matchesFilter,
  parseShare,
  topicLevels,
} from './topics.ts'

const longest = 'a'.repeat(MAX_TOPIC_BYTES)

describe('isValidTopicName', () => {
  it.each(['a', '/', '//', 'a/b', '/finance', 'ACCOUNTS', 'Accounts payable', '$SYS/x', 'é/☃/😀', '$', ' '])(
    'takes %j',
    (topic) => expect(isValidTopicName(topic)).toBe(true),
  )

  it.each(['#', '+', 'a/#', 'a/+', 'a+', 'a#b', '+/b'])(
    '[MQTT-4.7.1-1] refuses the wildcard in %j',
    (topic) => expect(isValidTopicName(topic)).toBe(false),
  )

  it('[MQTT-4.7.3-1] refuses the empty topic', () => expect(isValidTopicName('')).toBe(false))

  it.each(['\0', 'a\0', '\0a', 'a/\0/b'])('[MQTT-4.7.3-2] refuses U+0000 in %j', (topic) =>
    expect(isValidTopicName(topic)).toBe(false),
  )

  it.each([
    ['characters of one byte', 'a', 1],
    ['characters of two bytes', 'é', 2],
    ['characters of three bytes', '☃', 3],
    ['characters of four bytes', '😀', 4],
  ])('[MQTT-4.7.3-3] counts %s as UTF-8 does', (_, character, bytes) => {
    const most = Math.floor(MAX_TOPIC_BYTES / bytes)
    const fits = character.repeat(most) + 'a'.repeat(MAX_TOPIC_BYTES - most * bytes)
    expect(Buffer.byteLength(fits)).toBe(MAX_TOPIC_BYTES)
    expect(isValidTopicName(fits)).toBe(true)
    expect(isValidTopicName(fits + 'a')).toBe(false)
    expect(isValidTopicName(character.repeat(most + 1))).toBe(false)
  })

  it.each(['\ud800', 'a\udc00', '\udc00\ud800', '\ud800\ud800\udc00', '\udc00\udc01', 'a\ud83d'])(
    '[MQTT-1.5.3-1] refuses a surrogate without its partner (%#)',
    (topic) => expect(isValidTopicName(topic)).toBe(false),
  )

  it('takes 65,535 slashes', () => expect(isValidTopicName('/'.repeat(65_535))).toBe(true))
})

describe('isValidTopicFilter', () => {
  it.each(['#', '/#', '//#', 'sport/#', 'sport/tennis/#', 'sport/tennis/player1/#', '$SYS/#'])(
    '[MQTT-4.7.1-2] takes %j',
    (filter) => expect(isValidTopicFilter(filter)).toBe(true),
  )

  it.each(['sport/tennis#', 'sport/tennis/#/ranking', '#/', '##', '#a', 'a#/b', '/#/'])(
    '[MQTT-4.7.1-2] refuses %j: # is the last character, alone or behind a slash',
    (filter) => expect(isValidTopicFilter(filter)).toBe(false),
  )

  it.each(['+', '+/tennis/#', 'sport/+/player1', '/+', '+/+', '+/', '/+/', '+/#', '$SYS/monitor/+'])(
    '[MQTT-4.7.1-3] takes %j',
    (filter) => expect(isValidTopicFilter(filter)).toBe(true),
  )

  it.each(['sport+', '+sport', 'a/+b', 'a/b+/c', '++', '+#', '#+', 'a/++/b'])(
    '[MQTT-4.7.1-3] refuses %j: + has its level alone',
    (filter) => expect(isValidTopicFilter(filter)).toBe(false),
  )

  it('[MQTT-4.7.3-1] refuses the empty filter', () => expect(isValidTopicFilter('')).toBe(false))
  it('[MQTT-4.7.3-2] refuses U+0000', () => expect(isValidTopicFilter('a/\0')).toBe(false))

  it('[MQTT-4.7.3-3] refuses more than 65,535 bytes', () => {
    expect(isValidTopicFilter(longest)).toBe(true)
    expect(isValidTopicFilter(longest + 'a')).toBe(false)
    expect(isValidTopicFilter('☃'.repeat(21_845))).toBe(true)
    expect(isValidTopicFilter('☃'.repeat(21_846))).toBe(false)
  })
})

describe('hasWildcards', () => {
  it.each(['+', '#', 'a/+', 'a/#', '+/a', 'a/+/b'])('%j has', (filter) =>
    expect(hasWildcards(filter)).toBe(true),
  )
  it.each(['a', '/', 'a/b', '$SYS'])('%j has none', (filter) => expect(hasWildcards(filter)).toBe(false))
})

describe('topicLevels', () => {
  it.each([
    ['a', 1],
    ['/', 2],
    ['a/b', 2],
    ['/a', 2],
    ['a/', 2],
    ['//', 3],
    ['/'.repeat(65_535), 65_536],
  ])('counts the levels of a topic (%#)', (topic, levels) => expect(topicLevels(topic)).toBe(levels))
})

describe('matchesFilter', () => {
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/tennis/player1/#', 'sport/tennis/player10', false],
    ['sport/#', 'sport', true],
    ['sport/#', 'sport/', true],
    ['sport/#', 'sports', false],
    ['sport/#', 'spor', false],
    ['#', 'a', true],
    ['#', '/', true],
    ['#', 'a/b/c', true],
    ['/#', '/', true],
    ['/#', 'a', false],
    ['+/#', 'a', true],
    ['+/#', 'a/b/c', true],
    ['a/+/#', 'a', false],
  ])('[MQTT-4.7.1-2] %j against %j: %j', (filter, topic, expected) =>
    expect(matchesFilter(filter, topic)).toBe(expected),
  )

  it.each([
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['/finance', '/finance', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['+', 'finance', true],
    ['+/b/+', 'a/b/', true],
    ['+/b/+', 'a/c/d', false],
    ['a/+/c', 'a//c', true],
  ])('[MQTT-4.7.1-3] %j against %j: %j', (filter, topic, expected) =>
    expect(matchesFilter(filter, topic)).toBe(expected),
  )

  it.each([
    ['#', '$SYS/x', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['+', '$SYS', false],
    ['+/#', '$', false],
    ['$SYS/#', '$SYS/x', true],
    ['$SYS/#', '$SYS', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['a/#', 'a/$SYS', true],
    ['+/+', 'a/$SYS', true],
    ['/+', '/$SYS', true],
  ])('[MQTT-4.7.2-1] %j against %j: %j', (filter, topic, expected) =>
    expect(matchesFilter(filter, topic)).toBe(expected),
  )

  it.each([
    ['ACCOUNTS', 'Accounts'],
    ['a', 'a/'],
    ['a', '/a'],
    ['a//b', 'a/b'],
    ['\u00e5', 'a\u030a'],
    ['\u212b', '\u00c5'],
  ])('[MQTT-4.7.3-4] tells %j from %j, character by character', (filter, topic) => {
    expect(matchesFilter(filter, topic)).toBe(false)
    expect(matchesFilter(filter, filter)).toBe(true)
  })

  it('agrees with a reading of the standard level by level', () => {
    const level = fc.constantFrom('', 'a', 'b', 'ab', '$', '$a')
    const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
    const filters = fc
      .tuple(
        fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }),
        fc.constantFrom('', 'a', '+', '#'),
      )
      .map(([levels, last]) => [...levels, last].join('/'))
    fc.assert(
      fc.property(filters, topics, (filter, topic) => {
        fc.pre(isValidTopicFilter(filter) && isValidTopicName(topic))
        expect(matchesFilter(filter, topic)).toBe(matchesByLevels(filter, topic))
      }),
      { numRuns: 1500 },
    )
  })

  it('takes topics and filters of 65,535 slashes', () => {
    const slashes = '/'.repeat(65_535)
    expect(matchesFilter(slashes, slashes)).toBe(true)
    expect(matchesFilter('+/'.repeat(32_767) + '#', slashes)).toBe(true)
    expect(matchesFilter('+/'.repeat(32_767), slashes)).toBe(false)
  })
})

describe('parseShare', () => {
  it.each(['a', '$SYS/#', '$share', '$shared/g/a', 'x/$share/g/a', '#'])('%j asks for no share', (filter) =>
    expect(parseShare(filter)).toBeUndefined(),
  )

  it.each([
    ['$share/consumer1/sport/tennis/+', 'consumer1', 'sport/tennis/+'],
    ['$share/g//finance', 'g', '/finance'],
    ['$share/g/#', 'g', '#'],
    ['$share/$g/a', '$g', 'a'],
    ['$share/g/$share/h/a', 'g', '$share/h/a'],
    ['$share/g//', 'g', '/'],
  ])('[MQTT-4.8.2-1] takes %j apart', (filter, group, shared) =>
    expect(parseShare(filter)).toEqual({ malformed: false, group, filter: shared }),
  )

  it.each([
    ['$share/', 'MQTT-4.8.2-1'],
    ['$share//a', 'MQTT-4.8.2-1'],
    ['$share//', 'MQTT-4.8.2-1'],
    ['$share/g', 'MQTT-4.8.2-2'],
    ['$share/g/', 'MQTT-4.8.2-2'],
    ['$share/+/a', 'MQTT-4.8.2-2'],
    ['$share/#', 'MQTT-4.8.2-2'],
    ['$share/g#/a', 'MQTT-4.8.2-2'],
    ['$share/g+h/a', 'MQTT-4.8.2-2'],
    ['$share/g/a#', 'MQTT-4.8.2-2'],
    ['$share/g/#/a', 'MQTT-4.8.2-2'],
    ['$share/g\0/a', 'MQTT-4.8.2-2'],
    [`$share/g/${longest}`, 'MQTT-4.8.2-2'],
  ])('[MQTT-4.8.2-2] tells what is malformed (%#)', (filter, statement) =>
    expect(parseShare(filter)).toMatchObject({ malformed: true, statement }),
  )
})

function matchesByLevels(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false
  const wanted = filter.split('/')
  const given = topic.split('/')
  const open = wanted.at(-1) === '#'
  if (open) wanted.pop()
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false
  return wanted.every((level, i) => level === '+' || level === given[i])
}
