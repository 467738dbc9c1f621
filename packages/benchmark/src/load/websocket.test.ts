import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { WebSocketDecoder, webSocketHeader } from './websocket.ts'

const ACCEPTED = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n')

function frame(payload: Buffer): Buffer {
  // A server's frames are as a client's, without the mask.
  const masked = webSocketHeader(payload.length)
  const header = Buffer.from(masked.subarray(0, masked.length - 4))
  header[1] &= 0x7f
  return Buffer.concat([header, payload])
}

function decode(chunks: readonly Buffer[]): { opened: number; payload: Buffer } {
  let opened = 0
  const parts: Buffer[] = []
  const decoder = new WebSocketDecoder({
    opened: () => void opened++,
    payload: (chunk, start, end) => void parts.push(Buffer.from(chunk.subarray(start, end))),
  })
  for (const chunk of chunks) decoder.push(chunk)
  return { opened, payload: Buffer.concat(parts) }
}

describe('the WebSocket decoder', () => {
  const payloads = [5, 125, 126, 65_535, 65_536].map((length) => Buffer.alloc(length, length))
  const stream = Buffer.concat([ACCEPTED, ...payloads.map(frame)])

  it('takes off the response and the headers', () => {
    const { opened, payload } = decode([stream])
    expect(opened).toBe(1)
    expect(payload.equals(Buffer.concat(payloads))).toBe(true)
  })

  it.each([1, 2, 3, 7, 1021])('does so in chunks of %i bytes', (size) => {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.subarray(i * size, (i + 1) * size),
    )
    expect(decode(chunks).payload.equals(Buffer.concat(payloads))).toBe(true)
  })

  it('takes nothing after a close', () => {
    const closing = Buffer.from([0x88, 2, 3, 0xe8])
    expect(decode([ACCEPTED, closing, frame(Buffer.from('late'))]).payload.length).toBe(0)
  })

  it('refuses a response that is no upgrade', () => {
    expect(() => decode([Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n')])).toThrow('upgrade')
  })
})
