import { randomBytes } from 'node:crypto'

/** Just enough of RFC 6455 for a load: a library's receiver would cost more than the broker under test. */
export interface WebSocketEvents {
  opened(): void
  payload(chunk: Buffer, start: number, end: number): void
}

const CLOSE = 8

export function webSocketUpgrade(host: string, port: number): string {
  return [
    'GET /mqtt HTTP/1.1',
    `Host: ${host}:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: mqtt',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n')
}

/**
 * Header of a client's binary frame. It is masked, as the standard wants, with a key of zeros: the broker has
 * to unmask it all the same, and packets prepared once stay what they are.
 */
export function webSocketHeader(length: number): Buffer {
  if (length < 126) return Buffer.from([0x82, 0x80 | length, 0, 0, 0, 0])
  if (length < 65536) return Buffer.from([0x82, 0xfe, length >> 8, length & 0xff, 0, 0, 0, 0])
  const header = Buffer.alloc(14)
  header[0] = 0x82
  header[1] = 0xff
  header.writeUInt32BE(length, 6)
  return header
}

export class WebSocketDecoder {
  readonly #events: WebSocketEvents
  #open = false
  /** The response's or a header's bytes, when a chunk ended within it. */
  #partial: Buffer = Buffer.alloc(0)
  #left = 0
  #closing = false

  constructor(events: WebSocketEvents) {
    this.#events = events
  }

  push(chunk: Buffer): void {
    let bytes = chunk
    if (this.#partial.length > 0) {
      bytes = Buffer.concat([this.#partial, chunk])
      this.#partial = Buffer.alloc(0)
    }
    let at = this.#open ? 0 : this.#upgrade(bytes)
    while (at < bytes.length && !this.#closing) {
      if (this.#left === 0) {
        const payload = this.#header(bytes, at)
        if (payload === 0) break
        at = payload
      } else {
        const end = Math.min(bytes.length, at + this.#left)
        this.#left -= end - at
        this.#events.payload(bytes, at, end)
        at = end
      }
    }
  }

  #upgrade(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) {
      this.#partial = bytes
      return bytes.length
    }
    if (!bytes.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) throw new Error('no WebSocket upgrade')
    this.#open = true
    this.#events.opened()
    return end + 4
  }

  /** Reads a header and returns where its payload begins; 0 when the header is not all there. */
  #header(bytes: Buffer, at: number): number {
    const short = bytes[at + 1] & 127
    const size = short === 126 ? 4 : short === 127 ? 10 : 2
    if (bytes.length - at < size) {
      this.#partial = bytes.subarray(at)
      return 0
    }
    this.#left = size === 4 ? bytes.readUInt16BE(at + 2) : size === 10 ? bytes.readUInt32BE(at + 6) : short
    this.#closing = (bytes[at] & 15) === CLOSE
    return at + size
  }
}
