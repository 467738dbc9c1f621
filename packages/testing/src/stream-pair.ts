/** Two ends of a connection in memory, with the manners of sockets. */
import { Buffer } from 'node:buffer'
import { Duplex } from 'node:stream'

export interface StreamPairOptions {
  /** Bytes that either side buffers, reading and writing; 65,536 by default, as for sockets. */
  highWaterMark?: number
}

/**
 * Makes a connection: what is written to one end is read from the other, in a later turn, each write as one chunk.
 * A write is called back when the other side has taken it: who does not read makes the writer's `writableLength` grow.
 */
export function streamPair(options: StreamPairOptions = {}): [StreamEnd, StreamEnd] {
  const { highWaterMark = 65_536 } = options
  const one = new StreamEnd(highWaterMark)
  const other = new StreamEnd(highWaterMark)
  one.join(other)
  other.join(one)
  return [one, other]
}

type Callback = (error?: Error | null) => void

/**
 * One end of a {@link streamPair}. Like a socket without `allowHalfOpen`: `end()` on one side ends both, `destroy()` on
 * one side closes both, and a write to a side that is gone fails with EPIPE.
 */
export class StreamEnd extends Duplex {
  #peer: StreamEnd | undefined
  /** What was written here and the other side has not taken, and the callback of the write. */
  #offered: Uint8Array[] = []
  #taken: Callback | undefined
  #ended = false
  #endTold = false
  #frozen = false
  #reset: Error | undefined
  #scheduled = false

  /** Use {@link streamPair}. */
  constructor(highWaterMark: number) {
    super({ highWaterMark, allowHalfOpen: false })
  }

  /** Internal: the other end. */
  join(peer: StreamEnd): void {
    this.#peer = peer
  }

  /** Whether this side has stopped taking bytes. */
  get frozen(): boolean {
    return this.#frozen
  }

  /** Takes nothing more, whatever reads from this side: what the other side writes stays with it. */
  freeze(): void {
    this.#frozen = true
  }

  /** Takes bytes again. */
  thaw(): void {
    this.#frozen = false
    this.#other.#schedule()
  }

  /** Breaks the connection: this side closes, and the other fails with `error` (ECONNRESET); what was under way is lost. */
  reset(error: Error = failure('read', 'ECONNRESET')): void {
    this.#reset = error
    this.#offered = []
    this.destroy()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: Callback): void {
    this.#offer([chunk], callback)
  }

  override _writev(chunks: { chunk: Uint8Array }[], callback: Callback): void {
    const parts = chunks.map(({ chunk }) => chunk)
    this.#offer(parts, callback)
  }

  override _final(callback: Callback): void {
    this.#ended = true
    this.#schedule()
    callback()
  }

  override _read(): void {
    this.#other.#schedule()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#schedule()
    callback(error)
  }

  get #other(): StreamEnd {
    if (this.#peer === undefined) throw new Error('this end belongs to no pair: use streamPair()')
    return this.#peer
  }

  #offer(chunks: Uint8Array[], callback: Callback): void {
    if (this.#other.destroyed) {
      callback(failure('write', 'EPIPE'))
      return
    }
    this.#offered = chunks
    this.#taken = callback
    this.#schedule()
  }

  /** Never hands over in the turn of the write: no socket does. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#handOver)
  }

  readonly #handOver = (): void => {
    this.#scheduled = false
    const peer = this.#other
    if (peer.destroyed) {
      this.#settleWrite(failure('write', 'ECONNRESET'))
      return
    }
    while (this.#offered.length > 0 && peer.#hasRoom) {
      // Copied only now: whoever reuses a buffer before its write was called back is found out.
      peer.push(Buffer.from(this.#offered.shift() as Uint8Array))
    }
    if (this.destroyed) this.#leave(peer)
    else if (this.#offered.length === 0) this.#settleWrite(null)
    if (this.#ended && this.#offered.length === 0 && !peer.#frozen) this.#tellEnd(peer)
  }

  get #hasRoom(): boolean {
    return !this.#frozen && !this.destroyed && this.readableLength < this.readableHighWaterMark
  }

  #settleWrite(error: Error | null): void {
    const taken = this.#taken
    this.#taken = undefined
    this.#offered = []
    taken?.(error)
  }

  /** This side is closed: the other one reads what it was given, and then the end. */
  #leave(peer: StreamEnd): void {
    this.#settleWrite(failure('write', 'ECONNRESET'))
    if (this.#reset !== undefined) peer.destroy(this.#reset)
    else if (peer.#frozen) peer.destroy()
    else this.#tellEnd(peer)
    // It may wait for us to take something.
    peer.#schedule()
  }

  #tellEnd(peer: StreamEnd): void {
    if (this.#endTold || peer.destroyed) return
    this.#endTold = true
    peer.push(null)
  }
}

function failure(call: string, code: string): Error {
  return Object.assign(new Error(`${call} ${code}`), { code, syscall: call })
}
