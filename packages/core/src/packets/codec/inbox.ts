/** Frames out of chunks: finds where each packet begins and ends, and holds what is not whole yet. */
import { Buffer } from 'node:buffer'
import { ProtocolError, protocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'
import { MAX_REMAINING_LENGTH } from './length.ts'
import { CLIENT_TYPES, wrongType } from './packet-type.ts'
import { PartialFrame } from './partial-frame.ts'
import { isTls, spokenInstead } from './spoken-instead.ts'

const CONNECT = 1
const EMPTY = Buffer.alloc(0)

/**
 * What a client sent and the stack has not handled. After `advance()` answered true the current frame is
 * `bytes[start..end)`, its body begins at `body`. A frame whole within a chunk is never copied; what is held of an
 * unfinished one grows with what came, never with what was declared.
 */
export class Inbox {
  bytes: Buffer = EMPTY
  start = 0
  body = 0
  end = 0
  /** Largest frame taken, in bytes. */
  limit: number
  /** Nothing but a CONNECT may come: cleared by the client when it came. */
  awaitsConnect = true
  /** The packet types that may come, a bit for each. */
  types: number = CLIENT_TYPES
  /** Chunks behind the current one. */
  #queue: Buffer[] | undefined
  #chunk: Buffer = EMPTY
  #at = 0
  /** A frame that is not whole; made with the first. */
  #partial: PartialFrame | undefined
  #backlog = 0
  /** Counts the frames that did not come whole. */
  begun = 0
  /** Counts the frames that were found. */
  frames = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** The type of the current frame, as the number that its first byte has. */
  get type(): number {
    return this.bytes[this.start] >> 4
  }

  /** Bytes that came and are not handled, the unfinished frame left out. */
  get backlog(): number {
    return this.#backlog + this.#chunk.length - this.#at
  }

  /** Bytes of the unfinished frame that came. */
  get have(): number {
    return this.#partial?.have ?? 0
  }

  /** Bytes of memory that what is not handled takes: an unfinished frame, one that was put together, chunks. */
  get kept(): number {
    const whole = this.bytes === this.#chunk ? 0 : this.bytes.length
    return (this.#partial?.kept ?? 0) + whole + this.#backlog + this.#chunk.length
  }

  push(chunk: Buffer): void {
    // The current chunk may be at its end, and its last frame still be handled, while others wait.
    if (this.#at === this.#chunk.length && (this.#queue?.length ?? 0) === 0) {
      this.#chunk = chunk
      this.#at = 0
    } else {
      this.#queue ??= []
      this.#queue.push(chunk)
      this.#backlog += chunk.length
    }
  }

  /** Forgets everything that is not handled. */
  clear(): void {
    this.bytes = EMPTY
    this.#queue = undefined
    this.#chunk = EMPTY
    this.#at = 0
    this.#partial = undefined
    this.#backlog = 0
  }

  /**
   * Moves on to the next frame; false when it is not whole yet.
   * @throws ProtocolError for a first packet that is no CONNECT, a type that no client sends, a length of more than four bytes, a frame over the limit.
   */
  advance(): boolean {
    for (;;) {
      if (this.#partial !== undefined) {
        if (this.#gather(this.#partial)) return true
      } else if (this.#at < this.#chunk.length) {
        if (this.#frame()) return true
      }
      if (this.#at < this.#chunk.length) continue
      const next = this.#queue?.shift()
      if (next === undefined) {
        // Nobody needs the chunk for its place in it: it is free once its packets are.
        this.bytes = EMPTY
        this.#chunk = EMPTY
        this.#at = 0
        return false
      }
      this.#backlog -= next.length
      this.#chunk = next
      this.#at = 0
    }
  }

  /** The frame at the read position, if the chunk holds all of it; otherwise what there is goes to `#held`. */
  #frame(): boolean {
    const chunk = this.#chunk
    const at = this.#at
    if (this.awaitsConnect) this.#checkFirst(chunk, at)
    const type = chunk[at] >> 4
    // Known by its first byte: nobody waits for the rest of it.
    if (((this.types >> type) & 1) === 0) throw wrongType(type)
    const end = this.#measure(chunk, at, chunk.length)
    if (end === 0 || end > chunk.length) {
      this.#partial = new PartialFrame()
      this.#partial.need = end === 0 ? 0 : end - at
      this.#partial.append(chunk.subarray(at))
      this.begun++
      this.#at = chunk.length
      return false
    }
    // Mostly the chunk of the frame before: storing what is young in what is old has its price.
    if (this.bytes !== chunk) this.bytes = chunk
    this.start = at
    this.end = end
    this.#at = end
    this.frames++
    return true
  }

  /** Takes what the unfinished frame lacks from the chunk. */
  #gather(partial: PartialFrame): boolean {
    const chunk = this.#chunk
    while (partial.need === 0 && this.#at < chunk.length) {
      partial.append(chunk.subarray(this.#at, ++this.#at))
      partial.need = this.#measure(partial.head, 0, partial.have)
    }
    if (partial.need === 0) return false
    const taken = Math.min(partial.need - partial.have, chunk.length - this.#at)
    if (taken > 0) {
      partial.append(chunk.subarray(this.#at, this.#at + taken))
      this.#at += taken
    }
    if (partial.have < partial.need) return false
    this.end = partial.need
    this.bytes = partial.take()
    this.#measure(this.bytes, 0, this.end)
    this.start = 0
    this.#partial = undefined
    this.frames++
    return true
  }

  /** Where the frame that begins at `at` ends; 0 while its length is not whole. Sets `body`. */
  #measure(bytes: Buffer, at: number, have: number): number {
    let length = 0
    let shift = 0
    let next = at + 1
    for (;;) {
      if (next >= have) return 0
      const byte = bytes[next++]
      length += (byte & 127) << shift
      if (byte < 128) break
      shift += 7
      if (shift > 21) {
        throw new ProtocolError(
          'MALFORMED_PACKET',
          ReasonCode.MALFORMED_PACKET,
          `a remaining length of more than four bytes (over ${MAX_REMAINING_LENGTH})`,
        )
      }
    }
    this.body = next
    const end = next + length
    if (end - at > this.limit) {
      throw new ProtocolError(
        'PACKET_TOO_LARGE',
        ReasonCode.PACKET_TOO_LARGE,
        `a packet of ${end - at} bytes, more than the maximum of ${this.limit}`,
      )
    }
    return end
  }

  #checkFirst(chunk: Buffer, at: number): void {
    if (chunk[at] >> 4 === CONNECT && !isTls(chunk, at)) return
    throw protocolError(spokenInstead(chunk, at), 'MQTT-3.1.0-1')
  }
}
