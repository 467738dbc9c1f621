import type { Duplex } from 'node:stream'
import { isPlain } from './plain-socket.ts'

/** Bytes that every network carries in one segment. */
const ONE_SEGMENT = 536

/**
 * Nagle's delay holds a segment back while another is not acknowledged: it is off before that can be. Of many clients
 * that come at once most get no more than a CONNACK, and the call is saved.
 */
export class NagleDelay {
  readonly #stream: Duplex
  /** Nothing was written to the socket yet, by us or by TLS. */
  #untouched: boolean

  constructor(stream: Duplex) {
    this.#stream = stream
    this.#untouched = isPlain(stream)
  }

  /** Ends it where the write of so many bytes that comes next may be held back; true where it is off then. */
  endBefore(size: number): boolean {
    if (this.#untouched && size <= ONE_SEGMENT) {
      this.#untouched = false
      return false
    }
    const stream = this.#stream
    if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true)
    return true
  }
}
