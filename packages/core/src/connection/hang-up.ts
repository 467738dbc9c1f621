/** The end of a stream after our last words. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../time/index.ts'
import { isPlain } from './plain-socket.ts'

/** Milliseconds that a closed connection may take to read our last words. */
const LINGER = 2_000

/**
 * Ends a stream, and cuts it off where the other side does not hang up in time.
 * @param silent The other side will send nothing more.
 */
export function hangUp(stream: Duplex, silent: boolean, clock: Clock): void {
  if (stream.destroyed) return
  // Nothing is on its way, neither here nor there.
  if (silent && isPlain(stream) && stream.writableLength === 0) {
    stream.destroy()
    return
  }
  stream.end()
  // Until the other side hangs up its bytes are read and dropped, so that ours arrive.
  stream.resume()
  const timer = clock.after(LINGER, () => stream.destroy())
  stream.once('close', () => timer.cancel())
}
