import type { Inflight } from './inflight.ts'

/** Places to begin with; a power of two, as all their numbers are. */
const PLACES = 16

/** Of a message whose identifier says all, no more than that is kept. */
type Place = number | Inflight

/**
 * What is in flight to one client, by packet identifier. Identifiers go up by one and acknowledgements come in order,
 * so the low bits of an identifier are its place in a ring that is as long as the window at most; who is late and
 * meets the next round stands beside it.
 */
export class Window {
  readonly #limit: number
  /** 0 where a place is free. */
  #ring: Place[] = new Array<Place>(PLACES).fill(0)
  #beside: Map<number, Place> | undefined
  #size = 0

  /** @param limit Messages that may be in flight. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many more may be sent. */
  get room(): number {
    return this.#limit - this.#size
  }

  has(id: number): boolean {
    const place = this.#ring[id & (this.#ring.length - 1)]
    return place === id || this.get(id) !== undefined || this.#beside?.has(id) === true
  }

  /** What is known of a message besides its identifier. */
  get(id: number): Inflight | undefined {
    const place = this.#ring[id & (this.#ring.length - 1)]
    if (typeof place === 'object' && place.id === id) return place
    const late = this.#beside?.get(id)
    return typeof late === 'object' ? late : undefined
  }

  /** For an identifier that is free; `entry` where there is more to know than that its message is of QoS 1. */
  add(id: number, entry: Inflight | undefined): void {
    this.#size++
    const at = id & (this.#ring.length - 1)
    const place = entry ?? id
    if (this.#ring[at] === 0) this.#ring[at] = place
    else this.#squeeze(id, place)
  }

  /** Frees the identifier of a message about which nothing else is known; false when there is none. */
  deletePlain(id: number): boolean {
    const at = id & (this.#ring.length - 1)
    if (this.#ring[at] === id) this.#ring[at] = 0
    else if (this.#beside?.get(id) === id) this.#beside.delete(id)
    else return false
    this.#size--
    return true
  }

  delete(entry: Inflight): void {
    const at = entry.id & (this.#ring.length - 1)
    if (this.#ring[at] === entry) this.#ring[at] = 0
    else this.#beside?.delete(entry.id)
    this.#size--
  }

  /** Those about which more is known, in no order. */
  entries(): Inflight[] {
    return [...this.#ring, ...(this.#beside?.values() ?? [])].filter((place) => typeof place === 'object')
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
      if (place !== 0) ring[(typeof place === 'object' ? place.id : place) & (ring.length - 1)] = place
    }
    this.#ring = ring
  }
}
