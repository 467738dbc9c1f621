import type { Publisher } from './publisher.ts'

/** Told of each message, when a scenario times them. */
export interface Probe {
  sent(publisher: Publisher): void
  delivered(publisher: Publisher): void
}

/**
 * The closed loop: publishers that have room take turns to write a batch, as long as fewer than `limit`
 * deliveries are under way over all of them. They write after the reads of a turn, in the order in which they
 * got room; what the limit holds back goes on with the next delivery.
 */
export class Window {
  probe: Probe | undefined
  readonly #limit: number
  /** Deliveries that one batch adds. */
  readonly #step: number
  readonly #publishers: Publisher[] = []
  #outstanding = 0
  #open = false
  #scheduled = false
  // A ring of those with room: each is in it at most once.
  #ready: Uint32Array = new Uint32Array(0)
  #queued: Uint8Array = new Uint8Array(0)
  #head = 0
  #count = 0

  constructor(limit: number, step: number) {
    this.#limit = limit
    this.#step = step
  }

  /** Publishers are added in the order of their index, before the first `open()`. */
  add(publisher: Publisher): void {
    this.#publishers.push(publisher)
  }

  open(): void {
    if (this.#ready.length === 0) {
      this.#ready = new Uint32Array(this.#publishers.length)
      this.#queued = new Uint8Array(this.#publishers.length)
    }
    this.#open = true
    for (const publisher of this.#publishers) this.#offer(publisher)
    this.#schedule()
  }

  close(): void {
    this.#open = false
  }

  delivered(index: number): void {
    const publisher = this.#publishers[index]
    publisher.delivered++
    this.#outstanding--
    this.probe?.delivered(publisher)
    this.acknowledged(publisher)
  }

  /** Something of this publisher's is done: it, or one that the limit held back, may go on. */
  acknowledged(publisher: Publisher): void {
    if (!this.#open) return
    this.#offer(publisher)
    if (this.#count > 0 && !this.#scheduled) this.#schedule()
  }

  #offer(publisher: Publisher): void {
    if (this.#queued[publisher.index] === 1 || !publisher.hasRoom()) return
    this.#queued[publisher.index] = 1
    this.#ready[(this.#head + this.#count++) % this.#ready.length] = publisher.index
  }

  #schedule(): void {
    this.#scheduled = true
    setImmediate(this.#pump)
  }

  readonly #pump = (): void => {
    this.#scheduled = false
    while (this.#open && this.#count > 0 && this.#outstanding + this.#step <= this.#limit) {
      const publisher = this.#publishers[this.#ready[this.#head]]
      this.#head = (this.#head + 1) % this.#ready.length
      this.#count--
      this.#queued[publisher.index] = 0
      this.#outstanding += this.#step
      this.probe?.sent(publisher)
      publisher.writeBatch()
      this.#offer(publisher)
    }
  }
}
