/** What a client is sent in a turn: one write, large payloads by reference, buffers reused only when they are free. */
import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import { acceptAll, settle, streamPair, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import { Publish } from '../packets/publish.ts'
import { Turn } from '../time/turn.ts'
import { Outbox } from './outbox.ts'

type Written = (error?: Error | null) => void

/** A socket that notes its writes and calls them back when the test says so. */
class FakeSocket extends Socket {
  readonly writes: Uint8Array[][] = []
  #written: Written | undefined

  override _write(chunk: Uint8Array, _encoding: string, written: Written): void {
    this.writes.push([chunk])
    this.#written = written
  }

  override _writev(chunks: { chunk: Uint8Array }[], written: Written): void {
    this.writes.push(chunks.map(({ chunk }) => chunk))
    this.#written = written
  }

  override _read(): void {}

  /** The oldest write is done. */
  done(): void {
    const written = this.#written
    this.#written = undefined
    written?.()
  }
}

function setup(): { outbox: Outbox; socket: FakeSocket; turn: Turn } {
  const socket = new FakeSocket()
  const turn = new Turn((error) => {
    throw error
  })
  return {
    outbox: new Outbox(socket, turn, { handleTaken() {}, handleUntaken() {}, handleWritten() {} }),
    socket,
    turn,
  }
}

const message = (payload: string | Buffer, qos: 0 | 1 = 0): Publish =>
  Publish.from({ topic: 'a', payload, qos })
const joined = (chunks: Uint8Array[]): Buffer => Buffer.concat(chunks)

describe('an outbox', () => {
  it('writes once a turn, at its end, in order', async () => {
    const { outbox, socket } = setup()
    const expected: Buffer[] = []
    for (let i = 0; i < 100; i++) {
      outbox.publish(message(`number ${i}`), 0x30, 0)
      outbox.ack(0x40, i + 1)
      outbox.bytes(Buffer.from([0xd0, 0]))
      expected.push(message(`number ${i}`).bytes, Buffer.from([0x40, 2, 0, i + 1, 0xd0, 0]))
    }
    expect(socket.writes).toHaveLength(0)
    await settle()
    expect(socket.writes).toHaveLength(1)
    expect(joined(socket.writes[0])).toEqual(joined(expected))
  })

  it('puts its first byte and packet identifier on its copy of a shared message', async () => {
    const { outbox, socket } = setup()
    const shared = message('hello', 1)
    const before = Buffer.from(shared.bytes)
    outbox.publish(shared, 0x3b, 0x1234)
    outbox.publish(shared, 0x32, 0x0102)
    await settle()
    const bytes = joined(socket.writes[0])
    expect(bytes.subarray(0, 12)).toEqual(
      Buffer.from([0x3b, 10, 0, 1, 0x61, 0x12, 0x34, ...Buffer.from('hello')]),
    )
    expect(bytes.subarray(12)).toEqual(
      Buffer.from([0x32, 10, 0, 1, 0x61, 0x01, 0x02, ...Buffer.from('hello')]),
    )
    expect(shared.bytes).toEqual(before)
  })

  it('hands over at once what fills its largest buffer', () => {
    const { outbox, socket } = setup()
    for (let i = 0; i < 10; i++) outbox.publish(message(Buffer.alloc(8_000)), 0x30, 0)
    expect(socket.writes).toHaveLength(1)
    expect(socket.writes[0][0].length).toBeGreaterThan(50_000)
    expect(socket.writes[0][0].length).toBeLessThanOrEqual(65_536)
  })

  it('sends large payloads by reference, with what surrounds them, by one writev', async () => {
    const { outbox, socket } = setup()
    const large = message(Buffer.alloc(20_000, 'x'))
    outbox.publish(message('before'), 0x30, 0)
    outbox.publish(large, 0x30, 0)
    outbox.publish(message('between'), 0x30, 0)
    outbox.publish(large, 0x31, 0)
    outbox.publish(message('after'), 0x30, 0)
    await settle()
    expect(socket.writes).toHaveLength(1)
    const referenced = socket.writes[0].filter(({ buffer }) => buffer === large.bytes.buffer)
    expect(referenced.map(({ length }) => length)).toEqual([large.length, 20_000])
    const retained = Buffer.from(large.bytes)
    retained[0] = 0x31
    const parts = [
      message('before').bytes,
      large.bytes,
      message('between').bytes,
      retained,
      message('after').bytes,
    ]
    expect(joined(socket.writes[0])).toEqual(joined(parts))
  })

  it('has no Nagle delay from the moment that something could be held back', () => {
    const { outbox, socket, turn } = setup()
    let asked = 0
    socket.setNoDelay = () => {
      asked++
      return socket
    }
    const send = (size: number, from = outbox): void => {
      from.bytes(Buffer.alloc(size))
      from.flush()
    }
    send(4)
    expect(asked).toBe(0)
    send(4)
    expect(asked).toBe(1)
    send(4)
    expect(asked).toBe(1)
    // More than one segment.
    send(2_000, new Outbox(socket, turn, { handleTaken() {}, handleUntaken() {}, handleWritten() {} }))
    expect(asked).toBe(2)
    // A handshake wrote before.
    Object.assign(socket, { encrypted: true })
    send(4, new Outbox(socket, turn, { handleTaken() {}, handleUntaken() {}, handleWritten() {} }))
    expect(asked).toBe(3)
  })

  it('asks for one turn, whatever identifiers a burst goes out with', () => {
    const { socket, turn } = setup()
    let turns = 0
    const counting = Object.assign(Object.create(turn) as Turn, { write: () => void turns++ })
    const outbox = new Outbox(socket, counting, { handleTaken() {}, handleUntaken() {}, handleWritten() {} })
    outbox.publish(message('hello', 1), 0x32, 7)
    outbox.endTurn()
    expect([turns, socket.writes.length, outbox.pending]).toEqual([1, 1, socket.writableLength])
  })

  it('sends a burst as the stretch of the chunk that it is', async () => {
    const { outbox, socket } = setup()
    const frame = message('x'.repeat(100)).bytes
    const chunk = Buffer.concat(Array.from({ length: 200 }, () => frame))
    for (let i = 0; i < 200; i++) {
      const start = i * frame.length
      outbox.publish(
        { bytes: chunk, start, length: frame.length, idAt: 5, payloadAt: 5, expiryAt: 0 },
        0x30,
        0,
      )
    }
    expect(outbox.pending).toBe(chunk.length)
    outbox.ack(0x40, 1)
    await settle()
    expect(socket.writes[0].map(({ buffer }) => buffer === chunk.buffer)).toEqual([true, false])
    expect(joined(socket.writes[0])).toEqual(Buffer.concat([chunk, Buffer.from([0x40, 2, 0, 1])]))
  })

  it('copies small payloads', async () => {
    const { outbox, socket } = setup()
    const small = message(Buffer.alloc(4_000, 'x'))
    outbox.publish(small, 0x31, 0)
    await settle()
    expect(socket.writes[0].filter(({ buffer }) => buffer === small.bytes.buffer)).toEqual([])
  })

  it('writes a stretch itself where nothing else goes out, but holds no chunk for a stream that takes nothing', async () => {
    const { outbox, socket } = setup()
    const burst = message('hello')
    for (let i = 0; i < 3; i++) {
      outbox.publish(burst, 0x30, 0)
      await settle()
    }
    // The first is under way, and the others wait: copies.
    expect(socket.writes[0][0].buffer).toBe(burst.bytes.buffer)
    socket.done()
    expect(joined(socket.writes[1])).toEqual(Buffer.concat([burst.bytes, burst.bytes]))
    expect(socket.writes[1].some(({ buffer }) => buffer === burst.bytes.buffer)).toBe(false)
  })

  it('uses a buffer again once its write is done, and not before', async () => {
    const { outbox, socket } = setup()
    // With another first byte than they came with: what goes out as it came may not be copied.
    const retained = (payload: string): Buffer => {
      const { bytes } = message(payload)
      bytes[0] = 0x31
      return bytes
    }
    const sent: Buffer[] = []
    for (let i = 0; i < 10; i++) {
      outbox.publish(message(`number ${i}`), 0x31, 0)
      await settle()
      sent.push(retained(`number ${i}`))
    }
    // The first write is under way: the others wait behind it, each untouched.
    expect(socket.writes).toHaveLength(1)
    expect(joined(socket.writes[0])).toEqual(sent[0])
    const first = socket.writes[0][0].buffer
    socket.done()
    expect(joined(socket.writes[1])).toEqual(joined(sent.slice(1)))
    outbox.publish(message('number 10'), 0x31, 0)
    await settle()
    // The buffer that is free was taken; what is under way is as it was.
    expect(joined(socket.writes[1])).toEqual(joined(sent.slice(1)))
    socket.done()
    expect(joined(socket.writes[2])).toEqual(retained('number 10'))
    expect(socket.writes[2][0].buffer).toBe(first)
  })

  it('never uses a buffer again for a stream that is no socket: it may have been handed on', async () => {
    const { stack } = await testStack(acceptAll())
    const [device, broker] = streamPair()
    const chunks: Buffer[] = []
    const write = broker.write.bind(broker) as (chunk: Buffer, written: Written) => boolean
    broker.write = ((chunk: Buffer, written: Written) => {
      chunks.push(chunk)
      return write(chunk, written)
    }) as typeof broker.write
    const client = stack.connect(broker, { transport: 'memory', local: true })
    device.resume()
    for (let i = 0; i < 5; i++) {
      client.publish(message(`number ${i}`), 0, false, false, 0)
      await settle()
    }
    expect(chunks).toHaveLength(5)
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBe(5)
    for (const [i, chunk] of chunks.entries()) expect(chunk).toEqual(message(`number ${i}`).bytes)
  })

  it('counts what the other side has not taken, held by it or by the stream', async () => {
    const { outbox, socket } = setup()
    outbox.publish(message('hello'), 0x30, 0)
    expect(outbox.pending).toBe(message('hello').length)
    await settle()
    expect(outbox.pending).toBe(message('hello').length)
    outbox.publish(message(Buffer.alloc(20_000)), 0x30, 0)
    expect(outbox.pending).toBeGreaterThan(20_000)
    expect(outbox.progress).toBe(0)
    socket.done()
    await settle()
    socket.done()
    expect(outbox.pending).toBe(0)
    expect(outbox.progress).toBeGreaterThan(0)
  })

  it('drops what is for a stream that is gone', async () => {
    const { outbox, socket } = setup()
    socket.destroy()
    outbox.publish(message('late'), 0x30, 0)
    outbox.publish(message(Buffer.alloc(20_000)), 0x30, 0)
    await settle()
    expect(socket.writes).toHaveLength(0)
    expect(outbox.pending).toBe(0)
  })
})

describe('a turn', () => {
  it('does what may write before it empties the outboxes', async () => {
    const { outbox, socket, turn } = setup()
    outbox.ack(0x40, 1)
    turn.add({ endTurn: () => outbox.ack(0x40, 2) })
    await settle()
    expect(socket.writes).toHaveLength(1)
    expect(joined(socket.writes[0])).toEqual(Buffer.from([0x40, 2, 0, 1, 0x40, 2, 0, 2]))
  })

  it('leaves work that comes at its end to the next', async () => {
    const { turn } = setup()
    const log: string[] = []
    turn.add({
      endTurn() {
        log.push('first')
        turn.add({ endTurn: () => void log.push('second') })
      },
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['first'])
    await settle()
    expect(log).toEqual(['first', 'second'])
  })

  it('is one for all clients of a stack: a fan-out is one write to each', async () => {
    const { stack } = await testStack(acceptAll())
    const writes: number[] = []
    const clients: Client[] = []
    for (let i = 0; i < 50; i++) {
      const [device, broker] = streamPair()
      device.resume()
      const write = broker._write.bind(broker)
      broker._write = (...args) => {
        writes.push(i)
        write(...args)
      }
      clients.push(stack.connect(broker, { transport: 'memory', local: true }))
    }
    for (let k = 0; k < 20; k++) {
      for (const client of clients) client.publish(message(`number ${k}`), 0, false, false, 0)
    }
    await settle()
    expect(writes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })
})
