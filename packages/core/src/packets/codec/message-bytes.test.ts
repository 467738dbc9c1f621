/** A message as bytes: whatever travels comes back as it was. */
import { expect, it } from 'vitest'
import { Publish } from '../publish.ts'

const PROPERTIES = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 17,
  contentType: 'text/plain',
  responseTopic: 'answers/here',
  correlationData: Buffer.from([0, 255, 1]),
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
    payload: Buffer.from([0, 1, 2, 255]),
    qos: 2,
    retain: true,
    dup: true,
    packetId: 9,
  }),
  Publish.from({ topic: 'x'.repeat(65_535), payload: 'y'.repeat(100_000), qos: 1 }),
  Publish.from({ topic: 'p', payload: 'text', qos: 1, properties: PROPERTIES }),
  Publish.from({ topic: 'r'.repeat(300), payload: 'slim', properties: PROPERTIES }).own(true),
]

it.each(messages)('comes back as it was: %#', (message) => {
  const read = Publish.decode(message.encode())
  const parts = ({ topic, payload, qos, retain, dup, properties, expiryInterval }: Publish): unknown => ({
    topic,
    payload: [...payload],
    qos,
    retain,
    dup,
    properties,
    expiryInterval,
  })
  expect(parts(read)).toEqual(parts(message))
  expect(read.packetId).toBe(0)
  expect(read.span?.payloadIsText).toBe(message.span?.payloadIsText)
  expect(read.encode()).toEqual(message.encode())
})

it('is read from the middle of a larger buffer', () => {
  const bytes = Publish.from({ topic: 'a/b', payload: 'hello' }).encode()
  const large = Buffer.concat([Buffer.alloc(7, 1), bytes, Buffer.alloc(7, 1)])
  expect(Publish.decode(large.subarray(7, 7 + bytes.length)).payload.toString()).toBe('hello')
})

it('other bytes are refused, wherever they end', () => {
  const bytes = Publish.from({ topic: 'topic', payload: '', properties: PROPERTIES }).encode()
  for (let length = 0; length < bytes.length; length++)
    expect(() => Publish.decode(bytes.subarray(0, length))).toThrow(/MESSAGE|whole|version/)
  expect(() => Publish.decode(Buffer.from([2, 0, 0, 1, 97]))).toThrow('version 2')
  expect(() => Publish.decode(Buffer.from([1, 3, 0, 1, 97]))).toThrow('no whole message')
})

it('where a byte has changed it is another message, or is refused', () => {
  const whole = Publish.from({ topic: 'topic', payload: 'hello', qos: 1, properties: PROPERTIES }).encode()
  const codes = new Set<unknown>()
  for (let at = 0; at < whole.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.from(whole)
      bytes[at] = byte
      try {
        const { properties, expiryInterval, topic } = Publish.decode(bytes)
        expect([typeof properties, typeof expiryInterval]).not.toContain('string')
        expect(topic).not.toMatch(/^$|[#+\0]/)
      } catch (error) {
        codes.add((error as { code?: unknown }).code)
      }
    }
  }
  expect([...codes]).toEqual(['MESSAGE_UNREADABLE'])
})

it.each([
  [
    'properties',
    Buffer.from([1, 0x20, 0, 1, 97, 0, 0, 0, 2, 2, 0]),
    'a message whose properties are damaged',
  ],
  ['topic', Buffer.from([1, 0, 0, 1, 0x23]), 'a message whose topic is damaged'],
])('says that its %s are damaged', (_, bytes, message) => {
  expect(() => Publish.decode(bytes)).toThrow(message)
})
