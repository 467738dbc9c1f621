/** A message as nodes hand it on: whatever travels comes back as it was, and no byte of it is copied. */
import { expect, it } from 'vitest'
import { FieldWriter } from '../../backend/disk/fields.ts'
import { Publish } from '../publish.ts'
import { readRelayed, relayedOf } from './relayed.ts'

const PROPERTIES = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 17,
  contentType: 'text/plain',
  userProperties: [
    ['b', '1'],
    ['a', '2'],
    ['b', '3'],
  ] as [string, string][],
}

const messages = [
  Publish.from({ topic: 'a' }),
  Publish.from({
    topic: 'a/ü',
    payload: Buffer.from([0, 255]),
    qos: 2,
    retain: true,
    dup: true,
    packetId: 9,
  }),
  Publish.from({ topic: 'x'.repeat(65_535), payload: 'y'.repeat(100_000), qos: 1 }),
  Publish.from({ topic: 'p', payload: 'text', qos: 1, properties: PROPERTIES }),
  Publish.from({ topic: 'r'.repeat(300), payload: 'slim', properties: PROPERTIES }).own(true),
]

function write(message: Publish): Uint8Array {
  const { flags, header, bytes, start, length } = relayedOf(message)
  return new FieldWriter()
    .byte(flags)
    .byte(header)
    .piece(bytes, start + 1, start + length)
    .done()
}

const parts = ({ topic, payload, qos, retain, dup, properties, expiryInterval }: Publish): unknown => ({
  topic,
  payload: [...payload],
  qos,
  retain,
  dup,
  properties,
  expiryInterval,
})

it.each(messages)('comes back as it was: %#', (message) => {
  const read = readRelayed(write(message))
  expect(parts(read)).toEqual(parts(message))
  expect(read.packetId).toBe(0)
  expect(read.payloadIsText).toBe(message.payloadIsText)
  for (const v5 of [false, true])
    for (const withId of [false, true]) {
      const { bytes, start, payloadAt, length } = read.layout(v5, withId)
      const payload = bytes.subarray(start + payloadAt, start + length)
      expect(Buffer.compare(payload, message.payload)).toBe(0)
    }
})

it('is a view of the bytes that it was read from', () => {
  const bytes = write(Publish.from({ topic: 'a', payload: 'x', qos: 1 }))
  const read = readRelayed(bytes)
  bytes[bytes.length - 1] = 121
  expect(read.payload.toString()).toBe('y')
})

it('other bytes are refused, wherever they end or go on', () => {
  const bytes = write(Publish.from({ topic: 'topic', payload: 'p', qos: 1, properties: PROPERTIES }))
  for (let length = 0; length < bytes.length; length++)
    expect(() => readRelayed(bytes.subarray(0, length))).toThrow(/whole|damaged/)
  expect(() => readRelayed(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('no whole message')
})

it('where a byte has changed it is another message, or is refused', () => {
  const whole = write(Publish.from({ topic: 'ü/topic', payload: 'p', qos: 1, properties: PROPERTIES }))
  for (let at = 0; at < whole.length; at++) {
    for (const bit of [0x01, 0x20, 0x80, 0xff]) {
      const changed = Buffer.from(whole)
      changed[at] ^= bit
      try {
        readRelayed(changed)
      } catch (error) {
        expect(['MESSAGE_UNREADABLE', 'MALFORMED_PACKET']).toContain((error as { code?: string }).code)
      }
    }
  }
})
