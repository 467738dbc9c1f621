import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A socket with nothing between it and the network, that greets or says goodbye in a way of its own. */
export function isPlain(stream: Duplex): boolean {
  return stream instanceof Socket && !('encrypted' in stream)
}
