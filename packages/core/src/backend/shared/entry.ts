import { Buffer } from 'node:buffer'
import { copyBytes } from '../../packets/index.ts'
import { FieldReader, FieldWriter } from '../disk/fields.ts'
import { damaged } from './frame-fields.ts'
import type { Frame } from './frames.ts'
import { decodeFrame, PROTOCOL } from './frames.ts'

/** A batch of frames, as it stands in an inbox. */
export interface InboxEntry {
  /** The node that sent it. */
  readonly origin: string
  /** Grows with each entry from this origin to this inbox; one that comes again has the same. 0: it is not counted. */
  readonly seq: number
  readonly frames: readonly Frame[]
}

/** The least that a run of frames has room for, in bytes. */
const ROOM = 512

/** Frames one behind the other, as they stand in an entry. */
export class FrameRun {
  #room: Buffer = Buffer.allocUnsafe(ROOM)
  length = 0

  /** Copies a frame, as {@link encodeFrame} made it. */
  add(frame: Uint8Array): void {
    const end = this.length + 4 + frame.length
    if (end > this.#room.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, 4 * this.#room.length))
      this.#room.copy(grown, 0, 0, this.length)
      this.#room = grown
    }
    this.#room.writeUInt32BE(frame.length, this.length)
    copyBytes(frame, 0, frame.length, this.#room, this.length + 4)
    this.length = end
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.length)
  }
}

/** @param frames Each as {@link encodeFrame} made it, or a run of them. */
export function encodeEntry(
  origin: string,
  seq: number,
  frames: readonly (Uint8Array | FrameRun)[],
): Uint8Array {
  const parts: Uint8Array[] = [new FieldWriter().byte(PROTOCOL).text(origin).number(seq).done()]
  for (const frame of frames) {
    if (frame instanceof Uint8Array) parts.push(lengthOf(frame), frame)
    else parts.push(frame.bytes)
  }
  return Buffer.concat(parts)
}

function lengthOf(frame: Uint8Array): Uint8Array {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(frame.length)
  return length
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
