import type { QoS } from '@mqtt-stack/core'
import { Inflight } from './inflight.ts'
import type { Outgoing } from './sender.ts'

/** Places to begin with; a power of two, as all their numbers are. */
const PLACES = 16

/**
 * What is in flight to one client, by packet identifier. Identifiers go up by one and acknowledgements come in order,
 * so the low bits of an identifier are its place in a ring that is as long as the window at most; who is late and
 * meets the next round stands beside it. What is delivered leaves its entry for the next one at its place.
 */
export class Window {
  readonly #limit: number
  #ring: (Inflight | undefined)[] = places(PLACES)
  #beside: Map<number, Inflight> | undefined
  #size = 0

  /** @param limit Messages that may be in flight. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many more may be sent. */
  get room(): number {
    return this.#limit - this.#size
  }

  get(id: number): Inflight | undefined {
    const entry = this.#ring[id & (this.#ring.length - 1)]
    return entry !== undefined && entry.id === id ? entry : this.#beside?.get(id)
  }

  /** An entry for an identifier that has none. */
  add(id: number, qos: QoS, messageId: number, sequence: number, shared: Outgoing | undefined): Inflight {
    this.#size++
    const ring = this.#ring
    const at = id & (ring.length - 1)
    const free = ring[at]
    if (free?.id === 0) return free.begin(id, qos, messageId, sequence, shared)
    const entry = new Inflight().begin(id, qos, messageId, sequence, shared)
    if (free === undefined) ring[at] = entry
    else this.#squeeze(entry)
    return entry
  }

  delete(entry: Inflight): void {
    this.#size--
    const { id, qos } = entry
    const at = id & (this.#ring.length - 1)
    if (this.#ring[at] !== entry) this.#beside?.delete(id)
    // A release may still hold an entry of QoS 2.
    else if (qos === 1) entry.end()
    else this.#ring[at] = undefined
  }

  /** All that are in flight, in no order. */
  entries(): Inflight[] {
    const inRing = this.#ring.filter((entry) => entry !== undefined && entry.id !== 0) as Inflight[]
    return [...inRing, ...(this.#beside?.values() ?? [])]
  }

  /** Its place is taken by another. */
  #squeeze(entry: Inflight): void {
    while (this.#ring.length < this.#limit) {
      this.#double()
      const at = entry.id & (this.#ring.length - 1)
      if (this.#ring[at] !== undefined) continue
      this.#ring[at] = entry
      return
    }
    this.#beside ??= new Map()
    this.#beside.set(entry.id, entry)
  }

  #double(): void {
    const ring = places(2 * this.#ring.length)
    for (const entry of this.#ring) {
      if (entry !== undefined && entry.id !== 0) ring[entry.id & (ring.length - 1)] = entry
    }
    this.#ring = ring
  }
}

function places(count: number): (Inflight | undefined)[] {
  return new Array<Inflight | undefined>(count).fill(undefined)
}
