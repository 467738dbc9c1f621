import type { Clock } from '../../time/index.ts'
import type { SharedStore } from './shared-store.ts'

/** How much waits for a node is asked for again when this part of the bound was sent to it. */
const PART = 1 / 64
/** The same, where little is sent, after so many ms. */
const AGE = 10_000
/** Where a node has too much, its inbox is looked at again after so many ms, for whoever has something for it. */
const LOOK = 1_000
/** It has room again when no more than this part of the bound waits. */
const ROOM = 1 / 2
/** Nor may more than so many bytes wait in this process to be sent. */
const QUEUE_BYTES = 67_108_864

/** Who is told of it. */
export interface BacklogEvents {
  /** Too much waits for the node, in bytes; or (nothing) it has room again. */
  turned(waiting: number | undefined): void
}

/**
 * How much waits for another node, in its inbox and on the way there. The inbox is asked now and then, so the bound holds about: each
 * sender may pass it by a small part.
 */
export class Backlog {
  readonly #store: SharedStore
  readonly #clock: Clock
  readonly #node: string
  readonly #bound: number
  readonly #events: BacklogEvents
  /** In the inbox, when it was asked last. */
  #known = 0
  /** Sent since. */
  #since = 0
  /** Not sent yet. */
  #queued = 0
  #askedAt = Number.NEGATIVE_INFINITY
  #isAsking = false
  #isFull = false

  /** @param bound In bytes. */
  constructor(store: SharedStore, clock: Clock, node: string, bound: number, events: BacklogEvents) {
    this.#store = store
    this.#clock = clock
    this.#node = node
    this.#bound = bound
    this.#events = events
  }

  /** Too much waits. Whoever asks has something for the node: so the inbox is looked at again. */
  get isFull(): boolean {
    if (this.#isFull && this.#clock.now() - this.#askedAt >= LOOK) this.#ask()
    return this.#isFull
  }

  /** So many bytes are to be sent; or (less than 0) are not any more. */
  queue(bytes: number): void {
    this.#queued += bytes
    this.#judge()
  }

  /** So many bytes have come to the inbox. */
  sent(bytes: number): void {
    this.#since += bytes
    if (this.#since >= this.#bound * PART || this.#clock.now() - this.#askedAt >= AGE) this.#ask()
  }

  #ask(): void {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#askedAt = this.#clock.now()
    const before = this.#since
    const done = (known: number): void => {
      this.#isAsking = false
      this.#known = known
      this.#since -= before
      this.#judge()
    }
    // What fails says nothing of the inbox.
    this.#store.waiting(this.#node).then(done, () => done(this.#known))
  }

  #judge(): void {
    const waiting = this.#known + this.#since + this.#queued
    const isFull = waiting >= this.#bound || this.#queued >= QUEUE_BYTES
    const hasRoom = waiting <= this.#bound * ROOM && this.#queued <= QUEUE_BYTES * ROOM
    if (this.#isFull ? !hasRoom : !isFull) return
    this.#isFull = isFull
    this.#events.turned(isFull ? waiting : undefined)
  }
}
