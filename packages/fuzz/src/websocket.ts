/** Upgrades and frames with anything wrong in them. */
import { Buffer } from 'node:buffer'
import { encode } from '@mqtt-stack/conformance/wire'

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
