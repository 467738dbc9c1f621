import type { Inflight } from './inflight.ts'

/** Places to begin with; a power of two, as all their numbers are. */
const PLACES = 16

/** Of a message whose identifier says all, no more is kept than that and its size: 16 bits and, above them, 15. */
type Place = number | Inflight

const IDENTIFIER = 0xffff
/** Largest size of a message that is kept without an entry. */
export const PLAIN_AT_MOST = 0x7fff

/**
 * What is in flight to one client, by packet identifier. Identifiers go up by one and acknowledgements come in order,
 * so the low bits of an identifier are its place in a ring that is as long as the window at most; who is late and
 * meets the next round stands beside it.
 */
export class Window {
  readonly #limit: number
  readonly #byteLimit: number
  /** 0 where a place is free. */
  #ring: Place[] = new Array<Place>(PLACES).fill(0)
  #beside: Map<number, Place> | undefined
  #size = 0
  #bytes = 0

  /**
   * @param limit Messages that may be in flight.
   * @param byteLimit Bytes of them, which the last one may pass.
   */
  constructor(limit: number, byteLimit: number) {
    this.#limit = limit
    this.#byteLimit = byteLimit
  }

  /** How many are in flight. */
  get size(): number {
    return this.#size
  }

  /** How many more may be sent. */
  get room(): number {
    return this.#bytes >= this.#byteLimit ? 0 : this.#limit - this.#size
  }

  has(id: number): boolean {
    return this.#at(id) !== undefined
  }

  /** What is known of a message besides its identifier. */
  get(id: number): Inflight | undefined {
    const place = this.#at(id)
    return typeof place === 'object' ? place : undefined
  }

  /**
   * For an identifier that is free.
   * @param size Bytes of the message.
   * @param entry Where there is more to know than that the message is of QoS 1, or more bytes than `PLAIN_AT_MOST`.
   */
  add(id: number, size: number, entry: Inflight | undefined): void {
    this.#size++
    this.#bytes += size
    const at = id & (this.#ring.length - 1)
    const place = entry ?? id | (size << 16)
    if (this.#ring[at] === 0) this.#ring[at] = place
    else this.#squeeze(id, place)
  }

  /** Frees the identifier of a message about which nothing else is known; false when there is none. */
  deletePlain(id: number): boolean {
    const at = id & (this.#ring.length - 1)
    let place = this.#ring[at] as Place | undefined
    if (typeof place === 'number' && (place & IDENTIFIER) === id) this.#ring[at] = 0
    else {
      place = this.#beside?.get(id)
      if (typeof place !== 'number') return false
      this.#beside?.delete(id)
    }
    this.#size--
    this.#bytes -= place >> 16
    return true
  }

  delete(entry: Inflight): void {
    const at = entry.id & (this.#ring.length - 1)
    if (this.#ring[at] === entry) this.#ring[at] = 0
    else this.#beside?.delete(entry.id)
    this.#size--
    this.#bytes -= entry.size
  }

  /** Those about which more is known, in no order. */
  entries(): Inflight[] {
    return [...this.#ring, ...(this.#beside?.values() ?? [])].filter((place) => typeof place === 'object')
  }

  #at(id: number): Place | undefined {
    const place = this.#ring[id & (this.#ring.length - 1)]
    if (idOf(place) === id) return place
    return this.#beside?.get(id)
  }

  /** Its place is taken by another. */
  #squeeze(id: number, place: Place): void {
    while (this.#ring.length < this.#limit) {
      this.#double()
      const at = id & (this.#ring.length - 1)
      if (this.#ring[at] !== 0) continue
      this.#ring[at] = place
      return
    }
    this.#beside ??= new Map()
    this.#beside.set(id, place)
  }

  #double(): void {
    const ring = new Array<Place>(2 * this.#ring.length).fill(0)
    for (const place of this.#ring) {
      if (place !== 0) ring[idOf(place) & (ring.length - 1)] = place
    }
    this.#ring = ring
  }
}

function idOf(place: Place): number {
  return typeof place === 'number' ? place & IDENTIFIER : place.id
}
