/** User properties keep their order, in whichever packet they come or go [MQTT-3.3.2-18]. */
import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { frame, pair, properties, text } from '../../../../../test/rig/bytes.ts'
import { DEFAULT_SETTINGS } from '../client-settings.ts'
import type { OutgoingPacket, Packet } from '../packets.ts'
import { Publish } from '../publish.ts'
import type { UserProperties } from '../user-properties.ts'
import { userPairs } from '../user-properties.ts'
import { Decoder } from './decoder.ts'
import { encodePacket } from './encode-packet.ts'
import { Inbox } from './inbox.ts'
import { CLIENT_TYPES_5 } from './packet-type.ts'
import { TopicAliases } from './topic-aliases.ts'

const PAIRS: UserProperties = [
  ['b', '1'],
  ['10', 'ten'],
  ['a', ''],
  ['b', '2'],
  ['__proto__', 'x'],
  ['9', 'nine'],
  ['b', '1'],
]
const BYTES = PAIRS.map(([name, value]) => pair(name, value))
const SECTION = properties(...BYTES)

function read(bytes: Buffer): Packet {
  const inbox = new Inbox(10_000)
  inbox.awaitsConnect = bytes[0] >> 4 === 1
  inbox.types = CLIENT_TYPES_5
  inbox.push(bytes)
  inbox.advance()
  return new Decoder({ levels: 64, bytes: 4_096 }).decode({
    inbox,
    protocolVersion: 5,
    bridge: false,
    aliases: new TopicAliases(0),
  })
}

describe('user properties', () => {
  it.each([
    ['CONNECT', frame(0x10, text('MQTT'), [5, 2, 0, 0], SECTION, text('id'))],
    ['PUBLISH', frame(0x30, text('a'), SECTION, Buffer.from('payload'))],
    ['PUBACK', frame(0x40, [0, 1, 0], SECTION)],
    ['PUBREL', frame(0x62, [0, 1, 0], SECTION)],
    ['SUBSCRIBE', frame(0x82, [0, 1], SECTION, text('a'), [0])],
    ['UNSUBSCRIBE', frame(0xa2, [0, 1], SECTION, text('a'))],
    ['DISCONNECT', frame(0xe0, [0], SECTION)],
    ['AUTH', frame(0xf0, [0x18], properties([21], text('m'), ...BYTES))],
  ])('of a %s that came are pairs in their order', (_name, bytes) => {
    const packet = read(bytes) as Extract<Packet, { properties?: unknown }>
    expect(packet.properties?.userProperties).toEqual(PAIRS)
  })

  it('of a will are pairs in their order', () => {
    const bytes = frame(0x10, text('MQTT'), [5, 6, 0, 0, 0], text('id'), SECTION, text('t'), text('gone'))
    const packet = read(bytes) as Extract<Packet, { cmd: 'connect' }>
    expect(packet.will?.properties?.userProperties).toEqual(PAIRS)
  })

  it.each<[string, OutgoingPacket]>([
    ['CONNACK', { cmd: 'connack', sessionPresent: false, reasonCode: 0 }],
    ['SUBACK', { cmd: 'suback', packetId: 1, granted: [0] }],
    ['UNSUBACK', { cmd: 'unsuback', packetId: 1, granted: [0] }],
    ['DISCONNECT', { cmd: 'disconnect', reasonCode: 0x8e }],
    ['AUTH', { cmd: 'auth', reasonCode: 0x18 }],
  ])('of a %s that goes are written in their order', (_name, packet) => {
    const given = { ...packet, properties: { userProperties: PAIRS } } as OutgoingPacket
    const bytes = encodePacket(given, 5, DEFAULT_SETTINGS)
    expect(bytes?.includes(SECTION)).toBe(true)
  })

  it('of a message that is made are written in their order, and read back so', () => {
    const message = Publish.from({ topic: 'a', properties: { userProperties: PAIRS } })
    expect(message.bytes.includes(SECTION)).toBe(true)
    expect(message.properties?.userProperties).toEqual(PAIRS)
    const copy = Publish.from({ topic: 'b', properties: message.properties })
    expect(copy.properties?.userProperties).toEqual(PAIRS)
    expect(message.with({ topic: 'c' }).properties?.userProperties).toEqual(PAIRS)
  })

  it('may be given as an object, name by name', () => {
    const given = { b: ['1', '2'], a: '3' }
    const pairs = [
      ['b', '1'],
      ['b', '2'],
      ['a', '3'],
    ]
    expect(userPairs(given)).toEqual(pairs)
    expect(
      Publish.from({ topic: 'a', properties: { userProperties: given } }).properties?.userProperties,
    ).toEqual(pairs)
  })
})

describe('what belongs to one hop', () => {
  const hop = {
    topicAlias: 7,
    subscriptionIdentifier: [3, 4],
    willDelayInterval: 9,
    sessionExpiryInterval: 5,
  }

  it('[MQTT-3.3.2-7] is never part of a message that is made', () => {
    const message = Publish.from({ topic: 'a', properties: { ...hop, contentType: 'text' } })
    expect(message.properties).toEqual({ contentType: 'text' })
    expect(Publish.from({ topic: 'a', properties: hop }).properties).toBeUndefined()
    expect(message.with({ properties: hop }).properties).toBeUndefined()
  })
})
