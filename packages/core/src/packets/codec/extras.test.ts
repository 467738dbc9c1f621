/** What one 5.0 receiver gets besides: spliced into the shared bytes, and read back by mqtt-packet. */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { Publish } from '../publish.ts'
import type { Extras } from './extras.ts'
import { spliceExtras } from './extras.ts'

function read(bytes: Buffer): mqtt.IPublishPacket[] {
  const packets: mqtt.Packet[] = []
  const parser = mqtt.parser({ protocolVersion: 5 })
  parser.on('packet', (packet) => packets.push(packet))
  parser.on('error', (error: Error) => {
    throw error
  })
  parser.parse(bytes)
  return packets as mqtt.IPublishPacket[]
}

/** What a receiver reads of a message with its extras. */
function received(message: Publish, id: number, extras: Extras): mqtt.IPublishPacket {
  const header = 0x30 | (id > 0 ? 2 : 0)
  const { head, payload } = spliceExtras(message.layout(true, id > 0), header, id, extras)
  const packets = read(Buffer.concat([head, payload]))
  expect(packets).toHaveLength(1)
  return packets[0]
}

const word = fc.string({ unit: fc.constantFrom(...'abcäß世'), minLength: 1, maxLength: 10 })
const init = fc.record({
  topic: word,
  payload: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(20_000))),
  properties: fc.record(
    {
      messageExpiryInterval: fc.integer({ min: 1, max: 0xffff_ffff }),
      contentType: word,
      responseTopic: word,
      correlationData: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      userProperties: fc.dictionary(word, word, { minKeys: 1, maxKeys: 20 }),
    },
    { requiredKeys: [] },
  ),
})
const extras = fc.record(
  {
    identifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 5 }),
    expiry: fc.integer({ min: 0, max: 0xffff_ffff }),
    alias: fc.integer({ min: 1, max: 65_535 }),
  },
  { requiredKeys: [] },
)

describe('spliceExtras', () => {
  it('adds identifiers, alias and what is left of the expiry, and leaves everything else', () => {
    fc.assert(
      fc.property(
        init,
        extras,
        fc.integer({ min: 0, max: 65_535 }),
        fc.boolean(),
        (message, extra, id, qos1) => {
          const { identifiers = [], expiry, alias } = extra
          const shared = Publish.from({ ...message, qos: qos1 ? 1 : 0 })
          const packet = received(shared, id, extra)
          const { subscriptionIdentifier, topicAlias, messageExpiryInterval, userProperties, ...rest } =
            packet.properties ?? {}
          const { messageExpiryInterval: interval, userProperties: users, ...others } = message.properties
          expect(packet.topic).toBe(message.topic)
          expect((packet.payload as Buffer).equals(message.payload)).toBe(true)
          expect(packet.messageId ?? 0).toBe(id)
          expect([subscriptionIdentifier ?? []].flat()).toEqual(identifiers)
          expect(topicAlias).toBe(alias)
          expect(messageExpiryInterval).toBe(interval === undefined ? undefined : (expiry ?? interval))
          expect({ ...userProperties }).toEqual({ ...users })
          expect({ ...rest }).toEqual({ ...others })
        },
      ),
      { numRuns: 500 },
    )
  })

  it('leaves the topic out where the receiver knows the alias', () => {
    const packet = received(Publish.from({ topic: 'a/b', payload: 'hello' }), 0, {
      alias: 7,
      omitTopic: true,
    })
    expect(packet).toMatchObject({ topic: '', properties: { topicAlias: 7 }, payload: Buffer.from('hello') })
  })

  it('changes nothing of the bytes that are shared', () => {
    const message = Publish.from({ topic: 'a', payload: 'hello', properties: { messageExpiryInterval: 60 } })
    const before = Buffer.from(message.bytes)
    received(message, 9, { expiry: 5, identifiers: [1], alias: 2 })
    expect(message.bytes.equals(before)).toBe(true)
  })

  it('lengths that grow into another byte are right', () => {
    for (let length = 90; length < 140; length++) {
      const message = Publish.from({ topic: 'a', properties: { contentType: 'x'.repeat(length) } })
      expect(received(message, 0, { identifiers: [1, 200, 20_000, 3_000_000] }).properties).toMatchObject({
        contentType: 'x'.repeat(length),
        subscriptionIdentifier: [1, 200, 20_000, 3_000_000],
      })
    }
  })
})
