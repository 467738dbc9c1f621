/** The events of a stream, for the connection that is over it. */
import type { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'

/** Who hears of them. */
export interface StreamListener {
  /** Bytes came. */
  receive(chunk: Buffer): void
  /** The stream failed. */
  handleError(error: Error): void
  /** The other side will send no more. */
  handleEnd(): void
  /** The stream is closed; what it held is gone. */
  handleClose(): void
}

/** Where a stream's listeners find who hears of it. */
const LISTENER: unique symbol = Symbol('listener')
type Carrier = Duplex & { [LISTENER]: StreamListener }

/** The same functions for all streams, which find the listener on the stream: an idle client holds no closures. */
export function listenTo(stream: Duplex, listener: StreamListener): void {
  const carrier = stream as Carrier
  carrier[LISTENER] = listener
  stream.on('error', onError)
  stream.on('close', onClose)
  stream.on('end', onEnd)
}

/** From now on it is read. */
export function readFrom(stream: Duplex): void {
  stream.on('data', onData)
}

function onData(this: Duplex, chunk: Buffer): void {
  ;(this as Carrier)[LISTENER].receive(chunk)
}

function onError(this: Duplex, error: Error): void {
  ;(this as Carrier)[LISTENER].handleError(error)
}

function onClose(this: Duplex): void {
  ;(this as Carrier)[LISTENER].handleClose()
}

function onEnd(this: Duplex): void {
  ;(this as Carrier)[LISTENER].handleEnd()
}
