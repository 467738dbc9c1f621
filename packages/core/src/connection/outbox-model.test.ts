/** Whatever is sent in whatever mixture, a receiver gets its bytes in order. */
import { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Decoder } from '../packets/codec/decoder.ts'
import { Inbox } from '../packets/codec/inbox.ts'
import { TopicAliases } from '../packets/codec/topic-aliases.ts'
import type { QoS } from '../packets/packets.ts'
import { Publish } from '../packets/publish.ts'
import { Turn } from '../time/turn.ts'
import { Outbox } from './outbox.ts'

/** A stream that takes what it gets at once, or nothing until the end. */
class Sink extends Duplex {
  readonly got: Uint8Array[] = []
  readonly #held: (() => void)[] = []
  readonly #slow: boolean

  constructor(slow: boolean) {
    super({ highWaterMark: 1_000_000 })
    this.#slow = slow
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    // A stream may hand a buffer on before it has done with it.
    const take = (): void => {
      this.got.push(Buffer.from(chunk))
      done()
    }
    if (this.#slow) this.#held.push(take)
    else take()
  }

  async drain(): Promise<Buffer> {
    while (this.#held.length > 0 || this.writableLength > 0) {
      this.#held.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return Buffer.concat(this.got)
  }
}

/** What the publisher sent, and what becomes of it for this receiver. */
const step = fc.record({
  size: fc.oneof({ weight: 8, arbitrary: fc.nat(200) }, fc.constantFrom(3_000, 8_191, 8_192, 20_000, 70_000)),
  qos: fc.constantFrom<QoS>(0, 1),
  /** It is for this receiver. */
  mine: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
  /** It goes out with another header than it came with. */
  changed: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  id: fc.integer({ min: 1, max: 65_535 }),
  after: fc.oneof({ weight: 8, arbitrary: fc.constant('') }, fc.constantFrom('ack', 'bytes', 'turn')),
})

/** The frames, read from one chunk. */
function packetsOf(frames: readonly Buffer[]): Publish[] {
  const inbox = new Inbox(10_000_000)
  inbox.awaitsConnect = false
  inbox.push(Buffer.concat(frames))
  const source = { inbox, protocolVersion: 4 as const, bridge: false, aliases: new TopicAliases(1) }
  const decoder = new Decoder({ levels: 64, bytes: 4_096 })
  return frames.map(() => {
    inbox.advance()
    return decoder.decode(source) as Publish
  })
}

it('gets the bytes of all that is for it, in order, with its own headers and identifiers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), fc.boolean(), async (steps, slow) => {
      const packets = packetsOf(
        steps.map(({ size, qos }, i) => {
          const payload = Buffer.alloc(size, i)
          return Publish.from({ topic: 'a/b', payload, qos, packetId: qos === 0 ? 0 : 7 }).bytes
        }),
      )
      const sink = new Sink(slow)
      const tasks = new Turn((error) => {
        throw error
      })
      const outbox = new Outbox(sink, tasks, { handleTaken() {}, handleUntaken() {}, handleWritten() {} })
      const expected: Uint8Array[] = []
      for (const [i, { qos, mine, changed, id, after }] of steps.entries()) {
        if (mine) {
          const header = 0x30 | (qos << 1) | (changed ? 1 : 0)
          const layout = packets[i].layout(false, qos > 0)
          outbox.publish(layout, header, qos === 0 ? 0 : id)
          const frame = Buffer.from(layout.bytes.subarray(layout.start, layout.start + layout.length))
          frame[0] = header
          if (qos > 0) frame.writeUInt16BE(id, layout.idAt)
          expected.push(frame)
        }
        if (after === 'ack') {
          outbox.ack(0x40, id)
          expected.push(Uint8Array.of(0x40, 2, id >> 8, id & 0xff))
        } else if (after === 'bytes') {
          outbox.bytes(Uint8Array.of(0xd0, 0))
          expected.push(Uint8Array.of(0xd0, 0))
        } else if (after === 'turn') outbox.endTurn()
      }
      outbox.endTurn()
      expect(Buffer.compare(await sink.drain(), Buffer.concat(expected))).toBe(0)
      expect(outbox.pending).toBe(0)
    }),
    { numRuns: 200 },
  )
})
