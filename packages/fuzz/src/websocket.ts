/** Raw WebSocket clients: upgrades and frames with anything wrong in them. */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Broker } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import { encode } from '@mqtt-stack/conformance/wire'
import { RecordingLogger, TestClient } from '@mqtt-stack/testing'
import { createWebSocketStream, WebSocket } from 'ws'

/** A good upgrade request. */
export const UPGRADE: Buffer = Buffer.from(
  [
    'GET /mqtt HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: mqtt',
    '',
    '',
  ].join('\r\n'),
  'latin1',
)

export const CONNECT: Buffer = encode.connect(4, { clientId: 'frames' })

export interface FrameInput {
  opcode?: number
  fin?: boolean
  /** The three reserved bits. */
  reserved?: number
  masked?: boolean
  /** What the frame says that its payload's length is. */
  length?: number | bigint
  /** How the length is written: in the second byte, or in 2 or 8 bytes behind it. */
  lengthBytes?: 0 | 2 | 8
}

/** A close frame without a reason. */
const CLOSE = Buffer.of(0x88, 0)
const MASK = Buffer.of(0x12, 0x34, 0x56, 0x78)

/** One frame, good unless the input says otherwise. */
export function frame(payload: Uint8Array, input: FrameInput = {}): Buffer {
  const { opcode = 2, fin = true, reserved = 0, masked = true, length = payload.length } = input
  const { lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8 } = input
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  const mask = masked ? 0x80 : 0
  const code = lengthBytes === 0 ? Number(length) & 0x7f : lengthBytes === 2 ? 126 : 127
  const written = Buffer.alloc(lengthBytes)
  if (lengthBytes === 2) written.writeUInt16BE(Number(length) & 0xffff)
  else if (lengthBytes === 8) written.writeBigUInt64BE(BigInt(length))
  const content = Buffer.from(payload)
  if (masked) for (let i = 0; i < content.length; i++) content[i] ^= MASK[i & 3]
  return Buffer.concat([Buffer.of(first, mask | code), written, masked ? MASK : Buffer.alloc(0), content])
}

/** What server frames hold, without masks; control frames left out. */
export function payloadsOf(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = bytes.indexOf('\r\n\r\n') + 4
  while (at + 2 <= bytes.length) {
    const code = bytes[at + 1] & 0x7f
    const behind = at + 2 + (code === 126 ? 2 : code === 127 ? 8 : 0)
    const length =
      code === 126 ? bytes.readUInt16BE(at + 2) : code === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : code
    if ((bytes[at] & 0x0f) < 8) parts.push(bytes.subarray(behind, behind + length))
    at = behind + length
  }
  return Buffer.concat(parts)
}

/** A broker that listens for WebSockets, and a neighbour whose service must not suffer. */
export class WebSocketStand {
  readonly logger: RecordingLogger = new RecordingLogger()
  readonly #broker: Broker
  #neighbour!: TestClient

  private constructor() {
    const listeners = [{ transport: 'ws', port: 0, path: '/mqtt' }] as const
    this.#broker = createBroker({ listeners, stack: { logger: this.logger } })
  }

  static async open(): Promise<WebSocketStand> {
    const stand = new WebSocketStand()
    await stand.#broker.listen()
    const socket = new WebSocket(`ws://127.0.0.1:${stand.#port}/mqtt`, 'mqtt').on('error', () => {})
    stand.#neighbour = new TestClient(createWebSocketStream(socket), {
      clientId: 'neighbour',
      patience: 20_000,
    })
    await stand.#neighbour.connect()
    return stand
  }

  close(): Promise<void> {
    return this.#broker.close()
  }

  /** Sends chunks, hangs up, and resolves with what came, when the connection is closed. */
  talk(chunks: readonly Uint8Array[]): Promise<Buffer> {
    return this.#talk(chunks, (socket) => void socket.end())
  }

  /** The same, but it is the broker that hangs up: no answer is lost. */
  listen(chunks: readonly Uint8Array[]): Promise<Buffer> {
    return this.#talk(chunks, () => {})
  }

  #talk(chunks: readonly Uint8Array[], sent: (socket: Socket) => void): Promise<Buffer> {
    return new Promise((resolve) => {
      const received: Buffer[] = []
      const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        received.push(chunk)
        if (chunk.subarray(-CLOSE.length).equals(CLOSE)) socket.end()
      })
      socket.on('close', () => resolve(Buffer.concat(received)))
      const send = (at: number): void => {
        if (socket.destroyed) return
        if (at === chunks.length) sent(socket)
        else socket.write(chunks[at], () => setImmediate(send, at + 1))
      }
      socket.on('connect', () => send(0))
    })
  }

  /**
   * The neighbour is served, nobody else is left and nothing was logged as an error.
   * @throws Error
   */
  async check(): Promise<void> {
    await this.#neighbour.ping()
    // Their sockets are closed here; over there that is still to be noticed.
    while (this.#broker.stack.clients.size > 1) await new Promise((resolve) => setImmediate(resolve))
    const [error] = this.logger.errors
    if (error !== undefined) throw new Error(`logged: ${error}`)
  }

  get #port(): number {
    return this.#broker.addresses[0].port as number
  }
}
