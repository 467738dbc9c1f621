/** Clients that read slowly: what they take counts, however little it is of what is written at once. */
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { Duplex } from 'node:stream'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Publish } from '../packets/publish.ts'
import { untakenOf } from './untaken.ts'

/** A stream whose first write is never complete; the other side takes of it what the test says. */
class Slow extends Duplex {
  readonly _handle = { writeQueueSize: 0 }
  #first = true

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    // The CONNACK.
    if (this.#first && chunk.length < 100) callback()
    else {
      this.#first = false
      this._handle.writeQueueSize += chunk.length
    }
  }
}

const CONNECT = Buffer.from([16, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 0, 0, 1, 97])

async function slowClient() {
  const { stack, settle, advance } = await testStack(acceptAll())
  const stream = new Slow()
  const client = stack.connect(stream, { transport: 'slow', local: true })
  stream.push(CONNECT)
  await settle()
  const message = Publish.from({ topic: 'k', payload: Buffer.alloc(10_000) })
  while (!client.congested) {
    client.publish(message, 0, false, false, 0)
    await settle()
  }
  return { client, stream, advance }
}

describe('drainTimeout', () => {
  it('spares a client that takes 20 kB a second of one large write', async () => {
    const { client, stream, advance } = await slowClient()
    for (let seconds = 0; seconds < 120; seconds++) {
      await advance(1_000)
      stream._handle.writeQueueSize -= 8_000
    }
    expect(client.closed).toBe(false)
  })

  it('closes a client that takes nothing', async () => {
    const { client, advance } = await slowClient()
    await advance(33_000)
    expect(client.closed).toBe(true)
  })
})

describe('untakenOf', () => {
  it('falls as the other side of a socket reads', async () => {
    const server = createServer()
    onTestFinished(() => void server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    const reader = connect(port, '127.0.0.1')
    const [socket] = (await once(server, 'connection')) as [Socket]
    onTestFinished(() => {
      reader.destroy()
      socket.destroy()
    })
    const stream = Object.assign(new Duplex({ read() {} }), { socket })
    const size = 64 * 1_048_576
    socket.write(Buffer.alloc(size))
    const before = untakenOf(stream) ?? 0
    expect(before).toBeGreaterThan(0)
    while ((untakenOf(stream) ?? 0) >= before) {
      await once(reader, 'readable')
      reader.read()
    }
    expect(socket.writableLength).toBe(size)
  })

  it('knows nothing of other streams', () => {
    expect(untakenOf(new Duplex({ read() {} }))).toBeUndefined()
  })
})
