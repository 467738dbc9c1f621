/** What went through all connections of a stack. */
import type { Publish } from '../packets/index.ts'

/** A packet’s first byte has its type, and DUP, QoS and RETAIN of a PUBLISH: one number for each that there may be. */
const FIRST_BYTES = 256

/**
 * Packets and their bytes, each way, by the first byte of the packet: `packetsIn[0x32]` are PUBLISHes of QoS 1 that came,
 * without DUP and RETAIN. They only grow. Always counted, for it costs two additions a packet.
 */
export class Traffic {
  readonly packetsIn: Float64Array = new Float64Array(FIRST_BYTES)
  readonly bytesIn: Float64Array = new Float64Array(FIRST_BYTES)
  readonly packetsOut: Float64Array = new Float64Array(FIRST_BYTES)
  readonly bytesOut: Float64Array = new Float64Array(FIRST_BYTES)
  /** Internal: the message whose way is measured now. */
  watched: Publish | undefined = undefined
  /** Internal: called for each client that it is written to. */
  onWatched: () => void = () => {}
}
