/** What went through all connections of a stack. */
import type { Publish } from '../packets/index.ts'

/** A packet’s first byte has its type, and DUP, QoS and RETAIN of a PUBLISH: one number for each that there may be. */
const FIRST_BYTES = 256
/** A PUBLISH of QoS 0, and the bits of a first byte that say that it is one. */
const PLAIN = 0x30
const PLAIN_BITS = 0xf6

/** By the first byte of packets: `packets[0x32]` are PUBLISHes of QoS 1 without DUP and RETAIN; all of QoS 0 are at 0x30. */
export interface WayCounts {
  readonly packets: Float64Array
  readonly bytes: Float64Array
}

/**
 * One way. All packets are counted together, once a chunk or a write, and those besides by their first byte that are no
 * PUBLISH of QoS 0: of these each would cost a part of what it costs altogether.
 */
class Way {
  packets = 0
  bytes = 0
  readonly others: WayCounts = {
    packets: new Float64Array(FIRST_BYTES),
    bytes: new Float64Array(FIRST_BYTES),
  }
  /** What was said of QoS 0: a part of a packet that is under way may turn out to be of another kind. */
  #plainPackets = 0
  #plainBytes = 0

  count(first: number, bytes: number): void {
    if ((first & PLAIN_BITS) === PLAIN) return
    this.others.packets[first]++
    this.others.bytes[first] += bytes
  }

  all(): WayCounts {
    const packets = this.others.packets.slice()
    const bytes = this.others.bytes.slice()
    this.#plainPackets = Math.max(this.#plainPackets, this.packets - sumOf(packets))
    this.#plainBytes = Math.max(this.#plainBytes, this.bytes - sumOf(bytes))
    packets[PLAIN] = this.#plainPackets
    bytes[PLAIN] = this.#plainBytes
    return { packets, bytes }
  }
}

/** Packets and their bytes, each way; they only grow. Always counted. What is sent is counted when it is written. */
export class Traffic {
  /** Internal: what is counted of each way. */
  readonly came: Way = new Way()
  readonly went: Way = new Way()
  /** Internal: the message whose way is measured now. */
  watched: Publish | undefined = undefined
  /** Internal: called for each client that it is written to. */
  onWatched: () => void = () => {}

  /** What came from clients. */
  get received(): WayCounts {
    return this.came.all()
  }

  /** What was sent to them. */
  get sent(): WayCounts {
    return this.went.all()
  }
}

function sumOf(counts: Float64Array): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}
