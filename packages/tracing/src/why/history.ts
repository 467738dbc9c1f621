/** What happened lately, as far as somebody may ask about it: rings of so many events. */
import { randomInt } from 'node:crypto'
import type { DropReason, ReasonCode } from '@mqtt-stack/core'
import type { Refusal } from './refusals.ts'

/** One event; `at` is by the stack's clock (ms). */
export type Happened = { readonly at: number; readonly clientId: string } & (
  | { readonly kind: 'dropped'; readonly topic: string; readonly reason: DropReason; count: number }
  | { readonly kind: 'refused'; readonly reasonCode: ReasonCode; readonly reason: string }
  | { readonly kind: 'closed'; readonly reasonCode: ReasonCode; readonly reason: string | undefined }
  | { readonly kind: 'session-over'; readonly reason: string }
  | { readonly kind: 'filter-refused'; readonly topic: string; readonly reason: string }
  | { readonly kind: 'unsubscribed'; readonly topic: string }
  | ({ readonly kind: 'no'; count: number } & Refusal)
)

/** Rings that clients are spread over, and events from which on it is worth it. */
const RINGS = 16
const WORTH = 1_024

/**
 * Rings of events, `most` together. What one client does stands in one of them, whichever, and what is done by those who
 * are not let in in one of its own: whoever floods it pushes out no more than that.
 */
export class History {
  readonly #milliseconds: number
  readonly #rings: readonly Ring[]
  /** Nobody can choose a name that stands in the ring of another. */
  readonly #seed = randomInt(2 ** 31)
  #count = 0

  constructor(most: number, milliseconds: number) {
    this.#milliseconds = milliseconds
    const rings = most < WORTH ? 1 : RINGS
    this.#rings = Array.from({ length: rings }, () => new Ring(Math.floor(most / rings)))
  }

  get size(): number {
    return this.#rings.reduce((size, ring) => size + ring.size, 0)
  }

  add(event: Happened): void {
    this.#ringOf(event).add(event, this.#count++)
  }

  /** Those of one kind that are not too old at the instant `now`, the newest first. */
  since<Kind extends Happened['kind']>(now: number, kind: Kind): Extract<Happened, { kind: Kind }>[] {
    const isWanted = (event: Happened): event is Extract<Happened, { kind: Kind }> =>
      event.kind === kind && now - event.at <= this.#milliseconds
    return this.#rings
      .flatMap((ring) => ring.entries(isWanted))
      .sort(([one], [other]) => other - one)
      .map(([, event]) => event)
  }

  #ringOf(event: Happened): Ring {
    const last = this.#rings.length - 1
    const isStranger = event.kind === 'refused' || (event.kind === 'no' && event.side === 'connect')
    return this.#rings[isStranger || last === 0 ? last : this.#placeOf(event.clientId) % last]
  }

  /** FNV-1a, of whichever beginning. */
  #placeOf(text: string): number {
    let hash = this.#seed
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619)
    return (hash ^ (hash >>> 15)) >>> 0
  }
}

/** So many events: the newest takes the place of the oldest. */
class Ring {
  readonly #most: number
  readonly #events: Happened[] = []
  readonly #orders: number[] = []
  #next = 0

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#events.length
  }

  /** @param order Grows from event to event. */
  add(event: Happened, order: number): void {
    if (this.#most === 0) return
    this.#events[this.#next] = event
    this.#orders[this.#next] = order
    this.#next = (this.#next + 1) % this.#most
  }

  entries<One extends Happened>(isWanted: (event: Happened) => event is One): [order: number, event: One][] {
    const found: [number, One][] = []
    for (const [i, event] of this.#events.entries()) if (isWanted(event)) found.push([this.#orders[i], event])
    return found
  }
}
