import { Buffer } from 'node:buffer'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { splitFrames } from '../mqtt/frames.ts'
import { fanIn, fanOut, pairs } from '../scenarios/layouts.ts'
import type { Layout } from './plan.ts'
import type { Tally } from './sequence.ts'
import { createTally } from './sequence.ts'
import { Traffic } from './traffic.ts'

/** What to send for the n-th PUBLISH of a publisher, instead of it alone. */
type Mischief = (frame: Buffer, n: number) => readonly Buffer[]

const HONEST: Mischief = (frame) => [frame]
const cleanUp: (() => void)[] = []

afterEach(() => {
  for (const close of cleanUp.splice(0)) close()
})

/** A broker of a page that does to messages what it is told; it acknowledges no QoS. */
async function fakeBroker(mischief: Mischief): Promise<number> {
  const subscribers: { filter: string; socket: Socket }[] = []
  const server = createServer((socket) => {
    let rest = Buffer.alloc(0)
    let published = 0
    cleanUp.push(() => socket.destroy())
    socket.on('error', () => socket.destroy())

    function frame(buffer: Buffer, first: number, start: number, end: number): void {
      if (first === 0x10) socket.write(Buffer.of(0x20, 2, 0, 0))
      else if (first === 0x82) {
        subscribers.push({ filter: buffer.toString('utf8', start + 4, end - 1), socket })
        socket.write(Buffer.of(0x90, 3, buffer[start], buffer[start + 1], 0))
      } else if (first === 0x30) {
        const topic = buffer.toString('utf8', start + 2, start + 2 + buffer.readUInt16BE(start))
        const whole = Buffer.from(buffer.subarray(start - 2, end))
        const frames = Buffer.concat(mischief(whole, published++))
        for (const { filter, socket: to } of subscribers) {
          if (filter === topic || filter === 'bench/into/+') to.write(frames)
        }
      }
    }

    socket.on('data', (chunk) => {
      const bytes = Buffer.concat([rest, chunk])
      rest = bytes.subarray(splitFrames(bytes, 0, bytes.length, { frame }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => server.close())
  return (server.address() as AddressInfo).port
}

/** The load runs until so many messages were delivered, however long this machine takes for that. */
async function run(mischief: Mischief, layout: Layout = pairs(2), least = 101): Promise<Tally> {
  const port = await fakeBroker(mischief)
  const tally = createTally()
  const plan = { qos: 0, payload: 32, batch: 4, window: 64 * layout.fan, ...layout } as const
  const traffic = new Traffic(plan, { port, transport: 'tcp', version: 4 }, tally)
  await traffic.connect()
  for (let delivered = 0; delivered < least; ) delivered += await traffic.run(0.02)
  await traffic.settle(50)
  await traffic.close()
  return tally
}

const NO_FAULTS = { lost: 0, doubled: 0, reordered: 0, wrong: 0 }

describe('the load', () => {
  it.each([
    ['pairs', pairs(3)],
    ['a fan-out', fanOut(20)],
    ['a fan-in', fanIn(5)],
  ])('finds no fault with an honest broker: %s', async (_, layout) => {
    expect(await run(HONEST, layout)).toMatchObject(NO_FAULTS)
  })

  it('goes on for long where nothing is lost: the window opens again', async () => {
    expect(await run(HONEST, pairs(2), 10 * 64)).toMatchObject(NO_FAULTS)
  })

  it('finds a lost message', async () => {
    const tally = await run((frame, n) => (n === 5 ? [] : [frame]))
    expect(tally).toMatchObject({ ...NO_FAULTS, lost: 2 })
  })

  it('finds a lost message that no other follows', async () => {
    // Each publisher has 32 under way; the five that came let it write one more batch, and no other.
    const tally = await run((frame, n) => (n < 5 ? [frame] : []), pairs(2), 10)
    expect(tally).toMatchObject({ ...NO_FAULTS, delivered: 10, lost: 2 * 31 })
  })

  it('finds a doubled message', async () => {
    const tally = await run((frame, n) => (n === 5 ? [frame, frame] : [frame]))
    expect(tally).toMatchObject({ ...NO_FAULTS, doubled: 2 })
  })

  it('finds messages that changed places', async () => {
    let held: Buffer | undefined
    const swap: Mischief = (frame, n) => {
      if (n === 5) {
        held = frame
        return []
      }
      return n === 6 ? [frame, held!] : [frame]
    }
    expect(await run(swap, pairs(1))).toMatchObject({ ...NO_FAULTS, reordered: 1 })
  })

  it('finds an altered message', async () => {
    const alter: Mischief = (frame, n) => {
      if (n === 5) frame[frame.length - 1] ^= 1
      return [frame]
    }
    expect(await run(alter)).toMatchObject({ wrong: 2, lost: 2 })
  })

  it('finds a message at another quality of service', async () => {
    const raise: Mischief = (frame, n) => {
      if (n === 5) frame[0] |= 2
      return [frame]
    }
    expect(await run(raise)).toMatchObject({ wrong: 2, lost: 2 })
  })
})
