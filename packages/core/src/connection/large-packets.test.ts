/** Sockets in the middle of a large packet are read in turns, and meanwhile not at all. */
import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, settle, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { Publish } from '../packets/publish.ts'

const CHUNK = 65_536
const CONNECT = Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x61])

/** A socket on no network: `push` is the runtime that read a chunk, and answers whether it reads on. */
class Wire extends Socket {
  override _read(): void {}
  override _writev(_chunks: unknown, callback: () => void): void {
    callback()
  }
  override _write(_chunk: unknown, _encoding: unknown, callback: () => void): void {
    callback()
  }
}

/** A PUBLISH whose payload shows whether a byte is missing or too many; in chunks, as the runtime reads them. */
function large(topic: string, bytes: number): { payload: Buffer; chunks: Buffer[] } {
  const payload = Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => 1 + (i % 251)))
  const frame = Buffer.from(Publish.from({ topic, payload }).bytes)
  const chunks: Buffer[] = []
  for (let at = 0; at < frame.length; at += CHUNK) chunks.push(Buffer.from(frame.subarray(at, at + CHUNK)))
  return { payload, chunks }
}

interface Rig {
  readonly test: TestStack
  readonly seen: Map<string, Buffer>
  /** A connection that was accepted. */
  readonly wire: () => Promise<{ socket: Wire; client: Client }>
}

async function setup(): Promise<Rig> {
  const seen = new Map<string, Buffer>()
  const collect: MiddlewareLike = {
    name: 'Collect',
    handles: ['publish'],
    handle(_client, packet) {
      if (packet.cmd === 'publish') seen.set(packet.topic, Buffer.from(packet.payload))
    },
  }
  const test = await testStack(collect, acceptAll())
  return {
    test,
    seen,
    async wire() {
      const socket = new Wire()
      const client = test.stack.connect(socket, { transport: 'tcp', local: true })
      socket.push(CONNECT)
      await settle()
      expect(client.connected).toBe(true)
      return { socket, client }
    },
  }
}

describe('a large packet on a socket', () => {
  it('is read up to a bound in a turn; then the runtime reads nothing before the next', async () => {
    const { wire, seen } = await setup()
    const { socket } = await wire()
    const { payload, chunks } = large('alone', 15 * CHUNK)
    const answers: boolean[] = []
    for (const chunk of chunks) {
      answers.push(socket.push(chunk))
      if (answers.at(-1) === false) await settle()
    }
    const stops = answers.flatMap((answer, i) => (answer ? [] : [i + 1]))
    expect(stops).toEqual([8])
    expect(seen.get('alone')?.equals(payload)).toBe(true)
    expect(socket.isPaused()).toBe(false)
  })

  it('is read a chunk at a time while others wait to read on in theirs', async () => {
    const { wire, seen } = await setup()
    const wires = await Promise.all(Array.from({ length: 20 }, wire))
    const all = wires.map(({ socket }, i) => ({ socket, ...large(`t${i}`, 9 * CHUNK), at: 0 }))
    const most: number[] = []
    while (all.some(({ at, chunks }) => at < chunks.length)) {
      let read = 0
      // What the event loop does: of each socket that is read, until it is told to stop.
      for (const one of all) {
        while (one.at < one.chunks.length && !one.socket.isPaused()) {
          read++
          if (!one.socket.push(one.chunks[one.at++])) break
        }
      }
      most.push(read)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await settle()
    // The first turn reads of all, for nobody could know: the bound, and a chunk of each of the others.
    expect(most[0]).toBe(8 + 19)
    expect(Math.max(...most.slice(1))).toBeLessThanOrEqual(8 + 5)
    for (const [i, { payload }] of all.entries()) expect(seen.get(`t${i}`)?.equals(payload)).toBe(true)
  })

  it('is forgotten when the client is closed while it waits', async () => {
    const { wire, test, seen } = await setup()
    const { socket, client } = await wire()
    const { chunks } = large('closed', 15 * CHUNK)
    for (const chunk of chunks.slice(0, 8)) socket.push(chunk)
    client.close()
    for (const chunk of chunks.slice(8)) socket.push(chunk)
    await settle()
    expect(test.stack.clients.size).toBe(0)
    expect(seen.size).toBe(0)
    socket.destroy()
  })
})
