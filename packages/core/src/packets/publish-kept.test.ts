/** A message that is kept for long: its topic is kept once, and what is sent is the same. */
import { Buffer } from 'node:buffer'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { Decoder } from './codec/decoder.ts'
import { Inbox } from './codec/inbox.ts'
import { TopicAliases } from './codec/topic-aliases.ts'
import type { ProtocolVersion } from './packets.ts'
import { Publish } from './publish.ts'

const decoder = new Decoder({ levels: 64, bytes: 4_096 })
const TOPIC = `${'grüße/'.repeat(30)}世界`

type Given = Partial<mqtt.IPublishPacket>

/** A message as it comes from a client. */
function received(protocolVersion: ProtocolVersion, given: Given, before: Given[] = []): Publish {
  const inbox = new Inbox(1_000_000)
  inbox.awaitsConnect = false
  const source = { inbox, protocolVersion, aliases: new TopicAliases(10), bridge: false }
  let packet: unknown
  for (const one of [...before, given]) {
    const frame = { cmd: 'publish', topic: TOPIC, payload: 'hello', qos: 0, dup: false, retain: true, ...one }
    inbox.push(mqtt.generate(frame as mqtt.IPublishPacket, { protocolVersion }))
    if (!inbox.advance()) throw new Error('not whole')
    packet = decoder.decode(source)
  }
  return packet as Publish
}

/** What each kind of receiver would be sent. */
function sent(message: Publish): string[] {
  return [false, true].flatMap((v5) =>
    [false, true].map((withId) => {
      const { bytes, start, length, idAt } = message.layout(v5, withId)
      const copy = Buffer.from(bytes.subarray(start, start + length))
      copy[0] = 0x30
      if (withId) copy.writeUInt16BE(0, idAt)
      return copy.toString('hex')
    }),
  )
}

const properties = {
  messageExpiryInterval: 60,
  responseTopic: 'answer',
  userProperties: { a: 'b', c: 'd' },
}

const CASES: readonly (readonly [string, () => Publish])[] = [
  ['of 3.1.1', () => received(4, {})],
  ['of 3.1.1 at QoS 1', () => received(4, { qos: 1, messageId: 7 })],
  ['of 5.0', () => received(5, {})],
  ['of 5.0 with properties', () => received(5, { qos: 2, messageId: 7, properties })],
  ['that sets a topic alias', () => received(5, { properties: { ...properties, topicAlias: 3 } })],
  [
    'that has a topic alias alone',
    () =>
      received(5, { topic: '', properties: { ...properties, topicAlias: 3 } }, [
        { properties: { topicAlias: 3 } },
      ]),
  ],
  ['of the broker’s own', () => Publish.from({ topic: TOPIC, payload: 'hello', retain: true, properties })],
]

describe('a message that is kept for long', () => {
  it.each(CASES)('%s is sent as it would have been', (_what, make) => {
    const [kept, other] = [make(), make()]
    expect(kept.own(true)).toBe(kept)
    expect(kept.slim).toBe(true)
    expect(sent(kept)).toEqual(sent(other))
    expect(sent(kept.own().own(true))).toEqual(sent(other))
    expect(String(kept.payload)).toBe('hello')
    expect(kept.properties).toEqual(other.properties)
    expect(kept.expiryInterval).toBe(other.expiryInterval)
    expect(sent(kept.with({ payload: 'x' }))).toEqual(sent(other.with({ payload: 'x' })))
    expect(sent(kept.with({ topic: 'x' }))).toEqual(sent(other.with({ topic: 'x' })))
  })

  it.each(CASES)('%s takes no memory for the bytes of its topic', (_what, make) => {
    const kept = make().own(true)
    expect(kept.bytes.buffer.byteLength).toBeLessThan(60)
  })

  it('holds a short topic, or a large payload, as it came: those go out without being copied', () => {
    const short = Publish.from({ topic: 'a/b', payload: 'hello' }).own(true)
    const large = Publish.from({ topic: TOPIC, payload: Buffer.alloc(10_000) }).own(true)
    expect([short.slim, large.slim]).toEqual([false, false])
  })
})
