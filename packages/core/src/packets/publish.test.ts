import { Buffer } from 'node:buffer'
import * as mqtt from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { nextMessageId, passMessageId } from '../contract/message-id.ts'
import { RelayContext, RelayStore } from '../contract/relay.ts'
import { Publish } from './publish.ts'

const hello = Publish.from({ topic: 'a/b', payload: 'hello', qos: 1, retain: true, dup: true, packetId: 7 })

describe('Publish.from', () => {
  it('makes a message from its parts', () => {
    expect(hello).toMatchObject({
      cmd: 'publish',
      topic: 'a/b',
      qos: 1,
      retain: true,
      dup: true,
      packetId: 7,
    })
    expect(String(hello.payload)).toBe('hello')
    expect(hello.payloadLength).toBe(5)
  })

  it('refuses a topic that no packet can hold', () => {
    expect(() => Publish.from({ topic: 'a'.repeat(65_536) })).toThrow(
      expect.objectContaining({ code: 'TOPIC_INVALID' }),
    )
  })

  it('is QoS 0, not retained and empty where nothing is said', () => {
    const bare = Publish.from({ topic: 'a' })
    expect(bare).toMatchObject({ qos: 0, retain: false, dup: false, packetId: 0, properties: undefined })
    expect(bare.payload).toHaveLength(0)
  })

  it('copies the payload', () => {
    const payload = Buffer.from('mine')
    const message = Publish.from({ topic: 'a', payload })
    payload.fill('x')
    expect(String(message.payload)).toBe('mine')
  })

  it('takes text as UTF-8', () => {
    const message = Publish.from({ topic: 'grüße/世界', payload: '🌍' })
    expect(message.topic).toBe('grüße/世界')
    expect(message.payload).toEqual(Buffer.from('🌍'))
  })
})

describe('with', () => {
  it('changes what is named, and nothing of the original', () => {
    const changed = hello.with({ topic: 'c', retain: false })
    expect(changed).toMatchObject({ topic: 'c', qos: 1, retain: false, dup: true, packetId: 7 })
    expect(String(changed.payload)).toBe('hello')
    expect(hello).toMatchObject({ topic: 'a/b', retain: true })
  })

  it('makes bytes of its own: what is sent is what was changed', () => {
    const changed = hello.with({ topic: 'other', payload: 'bye', qos: 0 })
    const parsed = parse(changed.layout(false, false))
    expect(parsed).toMatchObject({ topic: 'other', payload: Buffer.from('bye') })
    expect(changed.bytes.buffer).not.toBe(hello.bytes.buffer)
  })
})

describe('own', () => {
  it('makes the message independent of the bytes it was read from', () => {
    const chunk = Buffer.concat([
      Buffer.from('before'),
      Publish.from({ topic: 'a', payload: 'hello' }).bytes,
      Buffer.from('after'),
    ])
    const message = new Publish('a', 0, false, false, 0, false, undefined, chunk, 6, 10, 5, 5, false)
    expect(String(message.payload)).toBe('hello')
    expect(message.payload.buffer).toBe(chunk.buffer)
    expect(message.own()).toBe(message)
    chunk.fill(0)
    expect(String(message.payload)).toBe('hello')
    expect(message.bytes.buffer.byteLength).toBe(2_048)
    expect(message.own(true).bytes.buffer.byteLength).toBe(10)
    expect(String(message.payload)).toBe('hello')
    expect(parse(message.layout(false, false))).toMatchObject({ topic: 'a', payload: Buffer.from('hello') })
  })

  it('copies once', () => {
    const message = Publish.from({ topic: 'a', payload: 'hello' })
    const { bytes } = message
    expect(message.own().bytes).toBe(bytes)
  })
})

describe('layout', () => {
  it('is the message’s own bytes where they fit', () => {
    expect(hello.layout(false, true)).toBe(hello)
  })

  it('is encoded once for each version, with and without a packet identifier', () => {
    const without = hello.layout(false, false)
    expect(hello.layout(false, false)).toBe(without)
    expect(parse(without)).toMatchObject({ topic: 'a/b', qos: 0, payload: Buffer.from('hello') })
    const v5 = hello.layout(true, true)
    expect(hello.layout(true, true)).toBe(v5)
    expect(v5).not.toBe(without)
  })

  it('says where the identifier and the payload stand', () => {
    const { bytes, start, length, idAt, payloadAt } = hello.layout(false, true)
    expect(String(bytes.subarray(start + payloadAt, start + length))).toBe('hello')
    expect(payloadAt - idAt).toBe(2)
  })

  it.each([0, 1, 119, 120, 16_375, 16_376, 2_097_143, 2_097_144])(
    'is right with a payload of %i bytes',
    (size) => {
      const message = Publish.from({ topic: 'a/b', payload: Buffer.alloc(size, 'x') })
      expect(parse(message.layout(false, false)).payload).toHaveLength(size)
    },
  )
})

describe('a message on its way', () => {
  const publisher = { clientId: 'alice', identity: undefined }

  it('has an identifier of the broker’s own, made once, when it is asked for', () => {
    const before = nextMessageId()
    const [first, second] = [1, 2].map(() => new RelayContext(undefined, hello, publisher, undefined))
    expect(second.messageId).toBe(before + 1)
    expect(first.messageId).toBe(before + 2)
    expect(second.messageId).toBe(before + 1)
  })

  it('identifiers grow, and are safe integers', () => {
    const ids = Array.from({ length: 1_000 }, nextMessageId)
    for (let i = 1; i < ids.length; i++) expect(ids[i]).toBeGreaterThan(ids[i - 1])
    expect(ids.every(Number.isSafeInteger)).toBe(true)
  })

  it('identifiers pass those that a store holds, also where the wall clock was set back since', () => {
    const held = nextMessageId() + 1_000_000
    passMessageId(held)
    expect(nextMessageId()).toBe(held + 1)
    passMessageId(7)
    expect(nextMessageId()).toBe(held + 2)
  })

  it('shows topic and payload of its packet, the one that a rule put there', () => {
    const ctx = new RelayContext(undefined, hello, publisher, undefined)
    expect([ctx.topic, String(ctx.payload)]).toEqual(['a/b', 'hello'])
    ctx.packet = hello.with({ topic: 'c', payload: 'bye' })
    expect([ctx.topic, String(ctx.payload)]).toEqual(['c', 'bye'])
  })

  it('begins with nobody counted', () => {
    expect(new RelayStore()).toMatchObject({ matched: 0, queued: 0, dropped: 0, reasonCode: undefined })
  })
})

/** What mqtt-packet reads in the bytes of a layout. */
function parse({
  bytes,
  start,
  length,
  idAt,
  payloadAt,
}: ReturnType<Publish['layout']>): mqtt.IPublishPacket {
  const packets: mqtt.Packet[] = []
  const parser = mqtt.parser({ protocolVersion: 4 })
  parser.on('packet', (packet) => packets.push(packet))
  const frame = Buffer.from(bytes.subarray(start, start + length))
  // The first byte is for whoever sends it.
  frame[0] = payloadAt > idAt ? 0x32 : 0x30
  parser.parse(frame)
  return packets[0] as mqtt.IPublishPacket
}
