/** Frames out of chunks: finds where each packet begins and ends, and holds what is not whole yet. */
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../errors.ts'
import { ReasonCode } from '../reason-codes.ts'
import { MAX_REMAINING_LENGTH } from './length.ts'
import { CLIENT_TYPES, wrongType } from './packet-type.ts'

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
  /** An unfinished frame: its first `#have` bytes, of `#need` (0 while its length is not known). */
  #held: Buffer = EMPTY
  #have = 0
  #need = 0
  #backlog = 0
  /** Counts the frames that did not come whole. */
  begun = 0

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
    return this.#have
  }

  /** Bytes of memory that what is not handled takes: an unfinished frame, one that was put together, chunks. */
  get kept(): number {
    const whole = this.bytes === this.#chunk ? 0 : this.bytes.length
    return this.#held.length + whole + this.#backlog + this.#chunk.length
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
    this.#held = EMPTY
    this.#have = 0
    this.#need = 0
    this.#backlog = 0
  }

  /**
   * Moves on to the next frame; false when it is not whole yet.
   * @throws ProtocolError for a first packet that is no CONNECT, a type that no client sends, a length of more than four bytes, a frame over the limit.
   */
  advance(): boolean {
    for (;;) {
      if (this.#have > 0) {
        if (this.#gather()) return true
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
    if (this.awaitsConnect) this.#checkFirst(chunk[at])
    const type = chunk[at] >> 4
    // Known by its first byte: nobody waits for the rest of it.
    if (((this.types >> type) & 1) === 0) throw wrongType(type)
    const end = this.#measure(chunk, at, chunk.length)
    if (end === 0 || end > chunk.length) {
      this.#hold(chunk.subarray(at), end - at)
      this.#at = chunk.length
      return false
    }
    this.bytes = chunk
    this.start = at
    this.end = end
    this.#at = end
    return true
  }

  /** Takes what the unfinished frame lacks from the chunk. */
  #gather(): boolean {
    const chunk = this.#chunk
    while (this.#need === 0 && this.#at < chunk.length) {
      this.#append(chunk.subarray(this.#at, ++this.#at))
      this.#need = this.#measure(this.#held, 0, this.#have)
    }
    if (this.#need === 0) return false
    const taken = Math.min(this.#need - this.#have, chunk.length - this.#at)
    if (taken > 0) {
      this.#append(chunk.subarray(this.#at, this.#at + taken))
      this.#at += taken
    }
    if (this.#have < this.#need) return false
    this.#measure(this.#held, 0, this.#have)
    this.bytes = this.#held
    this.start = 0
    this.end = this.#need
    this.#held = EMPTY
    this.#have = 0
    this.#need = 0
    return true
  }

  #hold(part: Buffer, need: number): void {
    this.#need = Math.max(need, 0)
    this.begun++
    this.#append(part)
  }

  #append(part: Buffer): void {
    const have = this.#have + part.length
    if (have > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(this.#room(have))
      grown.set(this.#held.subarray(0, this.#have))
      this.#held = grown
    }
    this.#held.set(part, this.#have)
    this.#have = have
  }

  /** All that the frame needs once a quarter of it is there; until then no more than twice what came. */
  #room(have: number): number {
    if (this.#need === 0) return 8
    return this.#need <= 4 * have ? this.#need : Math.max(have, 2 * this.#held.length)
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

  #checkFirst(header: number): void {
    if (header >> 4 === CONNECT) return
    throw new ProtocolError(
      'PROTOCOL_ERROR',
      ReasonCode.PROTOCOL_ERROR,
      'the first packet is not a CONNECT',
      'MQTT-3.1.0-1',
    )
  }
}
