/**
 * What a client is to be sent in a turn: one growing buffer, one write. Payloads over some kB go by reference.
 */
import { Buffer } from 'node:buffer'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Layout } from '../packets/index.ts'
import { BufferPool, copyBytes, LARGEST } from '../packets/index.ts'
import type { EndOfTurn, Turn } from '../time/index.ts'
import type { Scales } from './held-writes.ts'
import { HeldWrites } from './held-writes.ts'
import { Identifiers } from './identifiers.ts'
import { NagleDelay } from './nagle-delay.ts'
import type { Owner } from './outbox-owner.ts'

/** Payloads from here on are not copied: below, one copy is cheaper than one more buffer to write. */
const BY_REFERENCE = 8_192

/** Writing so many bytes costs little more than the system call. */
const LIGHT = 1_024

const pool = new BufferPool()

const NOWHERE: Scales = { weigh() {}, hold() {}, drop() {} }

/** A client with so many writes pending is slow: what waits for it is copied out of buffers that are too large. */
const MANY_WRITES = 16

export class Outbox implements EndOfTurn {
  readonly #stream: Duplex
  readonly #turn: Turn
  /** A socket does not need a buffer any more when it calls back; another stream may have handed it on. */
  readonly #reuse: boolean
  #buffer: Buffer | undefined
  #length = 0
  /** Frames that stand one behind the other in what was received and go out as they are: behind the buffer. */
  #run: Buffer | undefined
  #runStart = 0
  #runEnd = 0
  /** The packet identifiers that they go out with. */
  #ids: Identifiers | undefined
  #scheduled = false
  #corked = false
  /** Buffers handed to the stream, oldest first; where one of them is not ours, nothing. */
  #lent: (Buffer | undefined)[] | undefined

  readonly #owner: Owner
  /** None once the delay is off. */
  #nagle: NagleDelay | undefined
  /** Counts writes that the other side has taken. */
  progress = 0
  /** Bytes that the stream was given. */
  written = 0
  readonly #scales: Scales
  /** What is counted of the writes that wait, in the order of `#lent`. */
  #held: HeldWrites | undefined
  /** The stream is gone, and what it held with it. */
  #gone = false

  constructor(stream: Duplex, turn: Turn, owner: Owner, scales: Scales = NOWHERE) {
    this.#stream = stream
    this.#turn = turn
    this.#reuse = stream instanceof Socket
    this.#nagle = new NagleDelay(stream)
    this.#owner = owner
    this.#scales = scales
  }

  /** Bytes that the other side has not taken: held here, or by the stream. */
  get pending(): number {
    const here = this.#length + this.#runLength
    // Most clients have taken all that they were sent.
    return this.#lent === undefined ? here : here + this.#stream.writableLength
  }

  /** Bytes that the stream holds. */
  get untaken(): number {
    return this.#lent === undefined ? 0 : this.#stream.writableLength
  }

  /** The stream is gone: nothing is held any more. */
  forget(): void {
    this.#gone = true
    this.#held?.releaseAll()
    this.#held = undefined
  }

  /** So few bytes that leaving them for the next turn would save nothing. */
  get light(): boolean {
    return !this.#corked && this.#length + this.#runLength <= LIGHT
  }

  get #runLength(): number {
    return this.#runEnd - this.#runStart
  }

  /** Two bytes of header, two of packet identifier: PUBACK and its like. */
  ack(header: number, id: number): void {
    const at = this.#reserve(4)
    const buffer = this.#buffer as Buffer
    buffer[at] = header
    buffer[at + 1] = 2
    buffer[at + 2] = id >> 8
    buffer[at + 3] = id & 0xff
  }

  /** A PUBLISH from its shared bytes, with its own first byte and packet identifier (0: none). */
  publish(layout: Layout, header: number, id: number): void {
    const { bytes, start, length, payloadAt } = layout
    const whole = length - payloadAt < BY_REFERENCE
    if (bytes[start] === header && (id === 0 || whole)) {
      // A stretch with identifiers of its own is copied, and so kept short.
      const copied = id !== 0 || this.#ids !== undefined
      this.#append(bytes, start, start + length, copied && (!whole || this.#runLength >= BY_REFERENCE))
      if (id !== 0) this.#identify(start + layout.idAt, id)
      return
    }
    const size = whole ? length : payloadAt
    const at = this.#reserve(size)
    const buffer = this.#buffer as Buffer
    copyBytes(bytes, start, start + size, buffer, at)
    buffer[at] = header
    if (id !== 0) {
      const idAt = at + layout.idAt
      buffer[idAt] = id >> 8
      buffer[idAt + 1] = id & 0xff
    }
    if (!whole) this.#reference(bytes.subarray(start + payloadAt, start + length))
  }

  /** Bytes of any other packet. */
  bytes(packet: Uint8Array): void {
    if (packet.length >= BY_REFERENCE) {
      this.#endRun()
      this.#reference(packet)
      return
    }
    const at = this.#reserve(packet.length)
    ;(this.#buffer as Buffer).set(packet, at)
  }

  /** Hands over what there is now. */
  flush(): void {
    const alone = this.#length === 0 && this.#run !== undefined && this.#ids === undefined
    if (alone && this.#stream.writableLength === 0) this.#handOver()
    else this.#endRun()
    const buffer = this.#buffer
    if (buffer === undefined || this.#length === 0) return
    const filled = buffer.subarray(0, this.#length)
    this.#buffer = undefined
    this.#length = 0
    if (this.#stream.destroyed || this.#stream.writableEnded) return
    // What has to wait takes no more room than it needs.
    if (this.#reuse && (this.#lent?.length ?? 0) >= MANY_WRITES && 2 * filled.length < buffer.length) {
      const exact = Buffer.allocUnsafeSlow(filled.length)
      exact.set(filled)
      pool.give(buffer)
      this.#write(exact, undefined)
    } else this.#write(filled, this.#reuse ? buffer : undefined)
  }

  endTurn(): void {
    // While it is scheduled, so that what it puts into the buffer asks for no turn of its own.
    if (this.#ids !== undefined) this.#endRun()
    this.#scheduled = false
    this.flush()
    if (!this.#corked) return
    this.#corked = false
    this.#stream.uncork()
  }

  /**
   * A frame that goes out as it came, but for its packet identifier. Publishers send in bursts: of a burst each receiver
   * is owed the same stretch of the chunk, which is copied, or written, once.
   */
  #append(bytes: Buffer, start: number, end: number, anew: boolean): void {
    if (this.#run === bytes && this.#runEnd === start && !anew) {
      this.#runEnd = end
      return
    }
    this.#endRun()
    this.#run = bytes
    this.#runStart = start
    this.#runEnd = end
    this.#schedule()
  }

  /** The last frame of the run goes out with an identifier of its own. */
  #identify(at: number, id: number): void {
    this.#ids ??= Identifiers.take()
    this.#ids.add(at, id)
  }

  /** Nothing else goes out, and the stream takes what it gets: the stretch itself is written, and no chunk held for long. */
  #handOver(): void {
    const run = this.#run
    if (run === undefined) return
    const stretch = run.subarray(this.#runStart, this.#runEnd)
    this.#run = undefined
    this.#runStart = 0
    this.#runEnd = 0
    if (!this.#stream.destroyed && !this.#stream.writableEnded) this.#write(stretch, undefined)
  }

  #endRun(): void {
    const run = this.#run
    if (run === undefined) return
    const start = this.#runStart
    const end = this.#runEnd
    const ids = this.#ids
    this.#run = undefined
    this.#runStart = 0
    this.#runEnd = 0
    this.#ids = undefined
    if (ids === undefined && end - start >= BY_REFERENCE) {
      this.#reference(run.subarray(start, end))
      return
    }
    const at = this.#reserve(end - start)
    copyBytes(run, start, end, this.#buffer as Buffer, at)
    ids?.writeInto(this.#buffer as Buffer, at - start)
  }

  /** Puts a large payload behind what is buffered; the turn's end sends all of it with one writev. */
  #reference(payload: Uint8Array): void {
    if (!this.#corked) {
      this.#corked = true
      this.#stream.cork()
    }
    this.flush()
    if (!this.#stream.destroyed && !this.#stream.writableEnded) {
      this.#write(payload, undefined)
    }
    this.#schedule()
  }

  /** Room for `size` bytes in the buffer; answers where they go. */
  #reserve(size: number): number {
    if (this.#run !== undefined) this.#endRun()
    if (this.#length + size > LARGEST) this.flush()
    const at = this.#length
    const need = at + size
    const buffer = this.#buffer
    if (buffer === undefined) {
      this.#buffer = pool.take(need)
    } else if (need > buffer.length) {
      const grown = pool.take(need)
      grown.set(buffer.subarray(0, at))
      pool.give(buffer)
      this.#buffer = grown
    }
    this.#length = need
    if (!this.#scheduled) this.#schedule()
    return at
  }

  #write(bytes: Uint8Array, lent: Buffer | undefined): void {
    if (this.#lent === undefined) this.#lent = [lent]
    else this.#lent.push(lent)
    if (this.#nagle?.endBefore(bytes.length) === true) this.#nagle = undefined
    this.written += bytes.length
    this.#owner.handleWritten(bytes.length)
    this.#stream.write(bytes, this.#taken)
    // Most streams have taken it by now.
    if (this.#stream.writableLength === 0 && this.#held === undefined) return
    this.#count(bytes, lent)
    this.#owner.handleUntaken()
  }

  /** Counts what the stream has to hold of the newest write. */
  #count(bytes: Uint8Array, lent: Buffer | undefined): void {
    if (this.#gone || this.#lent === undefined) return
    this.#held ??= new HeldWrites(this.#scales, this.#lent.length - 1)
    this.#held.add(bytes, lent)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#turn.write(this)
  }

  // A field, so that a write needs no closure of its own.
  readonly #taken = (): void => {
    const buffer = this.#lent?.shift()
    if (buffer !== undefined) pool.give(buffer)
    // An idle client holds no list.
    if (this.#lent?.length === 0) this.#lent = undefined
    this.progress++
    if (this.#held !== undefined) {
      this.#held.release()
      if (this.#held.isEmpty) this.#held = undefined
    }
    this.#owner.handleTaken()
  }
}
