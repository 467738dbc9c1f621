/** Frames out of chunks: however the bytes come, the same frames. */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Inbox } from './inbox.ts'
import { lengthBytes, MAX_REMAINING_LENGTH, writeLength } from './length.ts'

/** A frame with a body of `size` bytes. */
function frame(size: number, header = 0x30): Buffer {
  const bytes = Buffer.alloc(1 + lengthBytes(size) + size, 0x78)
  bytes[0] = header
  writeLength(bytes, 1, size)
  return bytes
}

/** An inbox behind CONNECT. */
function open(limit = 1_000_000): Inbox {
  const inbox = new Inbox(limit)
  inbox.awaitsConnect = false
  return inbox
}

/** The frames that are whole. */
function drain(inbox: Inbox): Buffer[] {
  const frames: Buffer[] = []
  while (inbox.advance()) frames.push(Buffer.from(inbox.bytes.subarray(inbox.start, inbox.end)))
  return frames
}

/** Compared faster than bytes. */
const hex = (bytes: Buffer): string => bytes.toString('hex')

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 40_000 })), {
  maxLength: 8,
})
const places = fc.array(fc.nat(), { maxLength: 20 })

describe('an inbox', () => {
  it('keeps the order when a chunk comes between the end of one and the beginning of the next', () => {
    const inbox = open()
    inbox.push(frame(1, 0x31))
    inbox.push(frame(2, 0x32))
    expect(inbox.advance()).toBe(true)
    inbox.push(frame(3, 0x33))
    expect(drain(inbox).map((bytes) => bytes[0])).toEqual([0x32, 0x33])
  })

  it('gives the same frames whenever chunks come and frames are taken', () => {
    const steps = fc.array(fc.boolean(), { maxLength: 40 })
    fc.assert(
      fc.property(sizes, places, steps, (each, where, whenToTake) => {
        const frames = each.map((size, i) => frame(size, 0x30 + (i & 15)))
        const chunks = cut(Buffer.concat(frames), where)
        const inbox = open()
        const read: Buffer[] = []
        for (const take of whenToTake) {
          const chunk = take ? undefined : chunks.shift()
          if (chunk !== undefined) inbox.push(chunk)
          else if (inbox.advance()) read.push(Buffer.from(inbox.bytes.subarray(inbox.start, inbox.end)))
        }
        for (const chunk of chunks) inbox.push(chunk)
        read.push(...drain(inbox))
        expect(read.map(hex)).toEqual(frames.map(hex))
        expect(inbox.backlog).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same frames for every chunking, read between chunks or not', () => {
    fc.assert(
      fc.property(sizes, places, fc.boolean(), (each, where, readBetween) => {
        const frames = each.map((size, i) => frame(size, 0x30 + (i & 15)))
        const inbox = open()
        const read: Buffer[] = []
        for (const chunk of cut(Buffer.concat(frames), where)) {
          inbox.push(chunk)
          if (readBetween) read.push(...drain(inbox))
        }
        read.push(...drain(inbox))
        expect(read.map(hex)).toEqual(frames.map(hex))
        expect(inbox.backlog).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same frames byte by byte', () => {
    const frames = [0, 1, 2, 127, 128, 129, 16_383, 16_384].map((size) => frame(size))
    const inbox = open()
    const read: Buffer[] = []
    for (const byte of Buffer.concat(frames)) {
      inbox.push(Buffer.of(byte))
      read.push(...drain(inbox))
    }
    expect(read.map(hex)).toEqual(frames.map(hex))
  })

  it('tells where the body begins', () => {
    for (const size of [0, 1, 127, 128, 16_383, 16_384, 70_000]) {
      for (const chunks of [[frame(size)], cut(frame(size), [1]), cut(frame(size), [2, 3, 4])]) {
        const inbox = open()
        for (const chunk of chunks) inbox.push(chunk)
        expect(inbox.advance()).toBe(true)
        expect(inbox.end - inbox.body).toBe(size)
      }
    }
  })

  it('copies no frame that is whole within a chunk', () => {
    const chunk = Buffer.concat([frame(10), frame(20)])
    const inbox = open()
    inbox.push(chunk)
    inbox.advance()
    expect(inbox.bytes).toBe(chunk)
    inbox.advance()
    expect(inbox.bytes).toBe(chunk)
  })

  it('lets go of a chunk when all of it was read', () => {
    const inbox = open()
    inbox.push(Buffer.concat([frame(10), frame(20).subarray(0, 5)]))
    expect(drain(inbox)).toHaveLength(1)
    expect(inbox.backlog).toBe(0)
  })

  it('reads a length of one to four bytes', () => {
    for (const [size, bytes] of [
      [0, 1],
      [127, 1],
      [128, 2],
      [16_383, 2],
      [16_384, 3],
      [2_097_151, 3],
      [2_097_152, 4],
    ]) {
      expect(lengthBytes(size)).toBe(bytes)
      const inbox = open(10_000_000)
      inbox.push(frame(size))
      expect(inbox.advance()).toBe(true)
      expect(inbox.end - inbox.body).toBe(size)
    }
    const largest = Buffer.alloc(4)
    expect(writeLength(largest, 0, MAX_REMAINING_LENGTH)).toBe(4)
    expect([...largest]).toEqual([0xff, 0xff, 0xff, 0x7f])
  })

  it.each([
    [[0x30, 0x80, 0x80, 0x80, 0x80, 0x01]],
    [[0x30, 0xff, 0xff, 0xff, 0xff]],
    [[0x30, 0x80, 0x80, 0x80, 0x80]],
  ])('refuses a length of more than four bytes: %j', (bytes) => {
    const malformed = expect.objectContaining({ code: 'MALFORMED_PACKET', reasonCode: 0x81 })
    const whole = open()
    whole.push(Buffer.from(bytes))
    expect(() => whole.advance()).toThrow(malformed)
    const trickled = open()
    for (const byte of bytes) trickled.push(Buffer.of(byte))
    expect(() => trickled.advance()).toThrow(malformed)
  })

  it('refuses a frame over the limit as soon as its length is known', () => {
    const tooLarge = expect.objectContaining({ code: 'PACKET_TOO_LARGE', reasonCode: 0x95 })
    const inbox = open(100)
    inbox.push(frame(98))
    expect(inbox.advance()).toBe(true)
    inbox.push(Buffer.of(0x30, 99))
    expect(() => inbox.advance()).toThrow(tooLarge)
    const trickled = open(100)
    trickled.push(Buffer.of(0x30))
    expect(trickled.advance()).toBe(false)
    trickled.push(Buffer.of(99))
    expect(() => trickled.advance()).toThrow(tooLarge)
  })

  it('a limit that is raised counts from the next frame on', () => {
    const inbox = open(100)
    inbox.push(Buffer.concat([frame(10), frame(500)]))
    expect(inbox.advance()).toBe(true)
    inbox.limit = 1_000
    expect(inbox.advance()).toBe(true)
  })

  it('reserves nothing by a declared length', () => {
    const before = process.memoryUsage().arrayBuffers
    const inboxes = Array.from({ length: 200 }, () => {
      const inbox = open(268_435_460)
      inbox.push(Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f, 1))
      inbox.advance()
      return inbox
    })
    expect(inboxes).toHaveLength(200)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000)
  })

  it.each([0x20, 0x30, 0x82, 0xc0, 0xe0, 0x00, 0xf0])(
    '[MQTT-3.1.0-1] refuses a first packet that is no CONNECT by its first byte: %i',
    (header) => {
      const inbox = new Inbox(1_000)
      inbox.push(Buffer.of(header))
      expect(() => inbox.advance()).toThrow(
        expect.objectContaining({ code: 'PROTOCOL_ERROR', statement: 'MQTT-3.1.0-1' }),
      )
    },
  )

  it('takes a CONNECT as the first packet, and what is behind it once that was read', () => {
    const inbox = new Inbox(1_000)
    inbox.push(Buffer.concat([frame(10, 0x10), frame(3)]))
    expect(inbox.advance()).toBe(true)
    inbox.awaitsConnect = false
    expect(inbox.advance()).toBe(true)
  })

  it('counts what came and was not read, an unfinished frame left out', () => {
    const inbox = open()
    for (let i = 0; i < 3; i++) inbox.push(frame(98))
    expect(inbox.backlog).toBe(300)
    inbox.advance()
    expect(inbox.backlog).toBe(200)
    inbox.push(frame(98).subarray(0, 50))
    drain(inbox)
    expect(inbox.backlog).toBe(0)
  })

  it('forgets everything when it is cleared', () => {
    const inbox = open()
    inbox.push(frame(98))
    inbox.push(frame(98).subarray(0, 50))
    inbox.advance()
    inbox.clear()
    expect([inbox.backlog, inbox.advance()]).toEqual([0, false])
    inbox.push(frame(10))
    expect(drain(inbox)).toEqual([frame(10)])
  })
})
