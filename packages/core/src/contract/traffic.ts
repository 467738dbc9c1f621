/** What went through all connections of a stack. */
import type { Publish } from '../packets/index.ts'

/** A packet’s first byte has its type, and DUP, QoS and RETAIN of a PUBLISH: one number for each that there may be. */
const FIRST_BYTES = 256
/** Packet type and QoS, as a first byte has them; and the first byte of a PUBLISH of QoS 0. */
const PUBLISH = 3
const QOS = 6
const PLAIN = 0x30
/** Bytes that are counted as a small integer. */
const MOST = 2 ** 30

/** By the first byte of packets: `packets[0x32]` are PUBLISHes of QoS 1 without DUP and RETAIN; all of QoS 0 are at 0x30. */
export interface WayCounts {
  readonly packets: Float64Array
  readonly bytes: Float64Array
}

/**
 * Packets of one first byte behind each other: only where another follows are they added to the counts, for small integers
 * of an object cost a part of what an array of floats does.
 */
class Streak {
  readonly #counts: WayCounts
  #first = PLAIN
  #packets = 0
  #bytes = 0

  constructor(counts: WayCounts) {
    this.#counts = counts
  }

  count(first: number, bytes: number): void {
    const all = this.#bytes + bytes
    if (first !== this.#first || all > MOST) this.#begin(first, bytes)
    else {
      this.#packets++
      this.#bytes = all
    }
  }

  #begin(first: number, bytes: number): void {
    this.fold()
    this.#first = first
    this.#packets = 1
    this.#bytes = bytes
  }

  /** Adds them to the counts. */
  fold(): void {
    this.#counts.packets[this.#first] += this.#packets
    this.#counts.bytes[this.#first] += this.#bytes
    this.#packets = 0
    this.#bytes = 0
  }
}

/**
 * One way. All packets are counted together, once a chunk or a write, and those besides by their first byte that are no
 * PUBLISH of QoS 0: of these each would cost a part of what it costs altogether.
 */
class Way {
  packets = 0
  bytes = 0
  readonly #others: WayCounts = {
    packets: new Float64Array(FIRST_BYTES),
    bytes: new Float64Array(FIRST_BYTES),
  }
  /** Acknowledgements come and go between PUBLISHes: each has a streak of its own. */
  readonly #publishes = new Streak(this.#others)
  readonly #acks = new Streak(this.#others)
  /** What was said of QoS 0: a part of a packet that is under way may turn out to be of another kind. */
  #plainPackets = 0
  #plainBytes = 0

  /** A packet by its first byte. */
  count(first: number, bytes: number): void {
    if (first >> 4 === PUBLISH) this.countPublish(first, bytes)
    else this.#acks.count(first, bytes)
  }

  countPublish(first: number, bytes: number): void {
    if ((first & QOS) !== 0) this.#publishes.count(first, bytes)
  }

  all(): WayCounts {
    this.#publishes.fold()
    this.#acks.fold()
    const packets = this.#others.packets.slice()
    const bytes = this.#others.bytes.slice()
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
