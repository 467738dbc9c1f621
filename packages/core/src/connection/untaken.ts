import type { Duplex } from 'node:stream'

/** A stream that runs over another one, as a WebSocket over a socket does, says so by this property. */
export interface Carried {
  readonly socket?: Duplex | undefined
}

/** What the runtime knows of a socket's writes, where it tells. */
interface Handle {
  readonly writeQueueSize?: number
  readonly _parent?: Handle
}

/**
 * Bytes that were written to a stream and that the system has not taken. One large write is taken in pieces, of which
 * the stream itself tells nothing before the last. `undefined` where that cannot be known.
 */
export function untakenOf(stream: Duplex & Carried): number | undefined {
  let carrier: Duplex & Carried = stream
  while (carrier.socket !== undefined) carrier = carrier.socket
  const handle = (carrier as { _handle?: Handle | null })._handle
  // Of TLS the socket below it: what waits above that is not encrypted yet.
  return (handle?._parent ?? handle)?.writeQueueSize
}
