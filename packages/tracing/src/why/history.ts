/** What happened lately, as far as somebody may ask about it: a ring of so many events. */
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

export class History {
  readonly #most: number
  readonly #milliseconds: number
  readonly #events: Happened[] = []
  /** Where the next one goes, once it is full: the oldest stands there. */
  #next = 0

  constructor(most: number, milliseconds: number) {
    this.#most = most
    this.#milliseconds = milliseconds
  }

  get size(): number {
    return this.#events.length
  }

  add(event: Happened): void {
    if (this.#most === 0) return
    if (this.#events.length < this.#most) {
      this.#events.push(event)
      return
    }
    this.#events[this.#next] = event
    this.#next = (this.#next + 1) % this.#most
  }

  /** Those of one kind that are not too old at the instant `now`, the newest first. */
  since<Kind extends Happened['kind']>(now: number, kind: Kind): Extract<Happened, { kind: Kind }>[] {
    const inOrder = [...this.#events.slice(this.#next), ...this.#events.slice(0, this.#next)]
    const isWanted = (event: Happened): event is Extract<Happened, { kind: Kind }> =>
      event.kind === kind && now - event.at <= this.#milliseconds
    return inOrder.filter(isWanted).reverse()
  }
}
