import { Buffer } from 'node:buffer'
import { FieldReader, FieldWriter } from '../disk/fields.ts'
import type { Frame } from './frames.ts'
import { damaged, decodeFrame, PROTOCOL } from './frames.ts'

/** A batch of frames, as it stands in an inbox. */
export interface InboxEntry {
  /** The node that sent it. */
  readonly origin: string
  /** Grows with each entry from this origin to this inbox; one that comes again has the same. 0: it is not counted. */
  readonly seq: number
  readonly frames: readonly Frame[]
}

/** @param frames Each as {@link encodeFrame} made it. */
export function encodeEntry(origin: string, seq: number, frames: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [new FieldWriter().byte(PROTOCOL).text(origin).number(seq).done()]
  for (const frame of frames) {
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(frame.length)
    parts.push(length, frame)
  }
  return Buffer.concat(parts)
}

/** @throws StackError `STORE_DAMAGED` for what {@link encodeEntry} of this version did not write. */
export function decodeEntry(bytes: Uint8Array): InboxEntry {
  const fields = new FieldReader(bytes)
  const protocol = fields.byte()
  if (protocol !== PROTOCOL)
    throw damaged(`an entry of protocol ${protocol}, and this node knows ${PROTOCOL}`)
  const origin = fields.text() ?? ''
  const seq = fields.number()
  const frames: Frame[] = []
  while (!fields.isAtEnd) frames.push(decodeFrame(fields.bytes()))
  return { origin, seq, frames }
}
