/** Just enough of a WebSocket client (RFC 6455) to send right and wrong frames and see what comes back. */
import { Buffer } from 'node:buffer'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { ConformanceError } from './errors.ts'

/** Kinds of frames. */
export const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** What the server answered to the handshake. */
export interface Handshake {
  /** 101 where it agrees. */
  readonly status: number
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether it proved to have read the key. */
  readonly accepted: boolean
}

/**
 * Asks a server for a WebSocket with the subprotocols.
 * @throws ConformanceError when it answers nothing within `patience` milliseconds.
 */
export async function handshake(
  socket: Duplex,
  path: string,
  subprotocols: readonly string[],
  patience: number,
): Promise<Handshake> {
  const key = randomBytes(16).toString('base64')
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    ...(subprotocols.length > 0 ? [`Sec-WebSocket-Protocol: ${subprotocols.join(', ')}`] : []),
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const head = await readHead(socket, patience)
  const [first, ...rest] = head.split('\r\n')
  const headers = Object.fromEntries(
    rest.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return { status: Number(first.split(' ')[1]), headers, accepted: headers['sec-websocket-accept'] === proof }
}

async function readHead(socket: Duplex, patience: number): Promise<string> {
  const signal = AbortSignal.timeout(patience)
  let bytes: Buffer = Buffer.alloc(0)
  for (;;) {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) {
      await once(socket, 'readable', { signal }).catch(() => {
        throw new ConformanceError('the WebSocket handshake was not answered')
      })
      if (socket.readableEnded || socket.destroyed) throw new ConformanceError('the handshake was cut off')
      continue
    }
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) continue
    if (bytes.length > end + 4) socket.unshift(bytes.subarray(end + 4))
    return bytes.subarray(0, end).toString('latin1')
  }
}

/** A masked frame, as clients send them. */
export function frame(opcode: number, payload: Uint8Array, final = true): Buffer {
  const mask = randomBytes(4)
  const length =
    payload.length < 126
      ? Buffer.of(0x80 | payload.length)
      : Buffer.of(0x80 | 126, payload.length >> 8, payload.length & 0xff)
  const masked = Buffer.from(payload.map((byte, at) => byte ^ mask[at % 4]))
  return Buffer.concat([Buffer.of((final ? 0x80 : 0) | opcode), length, mask, masked])
}

/** What is written becomes a binary frame each; what comes in frames is read. */
export class WebSocketStream extends Duplex {
  /** The opcodes of all frames that came. */
  readonly opcodes: number[] = []
  readonly #socket: Duplex
  #pending: Buffer = Buffer.alloc(0)

  /** @param socket where the handshake is done */
  constructor(socket: Duplex) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => this.destroy())
    socket.on('end', () => this.push(null))
    socket.on('close', () => this.destroy())
  }

  /** Sends bytes past the framing. */
  raw(...bytes: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(bytes))
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    this.#socket.write(frame(OPCODE.binary, chunk), callback)
  }

  override _read(): void {}

  override _final(callback: () => void): void {
    this.#socket.end()
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy()
    callback(error)
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk])
    for (;;) {
      const bytes = this.#pending
      if (bytes.length < 2) return
      const short = bytes[1] & 0x7f
      const start = short === 126 ? 4 : short === 127 ? 10 : 2
      if (bytes.length < start) return
      const length =
        short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
      if (bytes.length < start + length) return
      this.#pending = bytes.subarray(start + length)
      this.#frame(bytes[0] & 0x0f, bytes.subarray(start, start + length))
    }
  }

  #frame(opcode: number, payload: Buffer): void {
    this.opcodes.push(opcode)
    if (opcode === OPCODE.close) this.push(null)
    else if (opcode < OPCODE.close && payload.length > 0) this.push(payload)
  }
}
