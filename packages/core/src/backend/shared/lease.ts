import { isStackError } from '../../errors/index.ts'
import type { Clock, Timer } from '../../time/index.ts'
import type { SharedStore } from './shared-store.ts'

/** What becomes of a lease. */
export interface LeaseEvents {
  /** It had run out, and is about to be held again. */
  lapsed(): void
  /** It was renewed. It is not renewed again before what this answers with is done. */
  renewed(): Promise<void>
  /** The store cannot be asked. */
  missed(error: Error): void
  /** Another node has claimed what is this one's. */
  lost(error: Error): void
}

/** This node's lease: renewed every third of its time. */
export class Lease {
  readonly #store: SharedStore
  readonly #clock: Clock
  readonly #events: LeaseEvents
  #until = 0
  #timer: Timer | undefined
  #isAsking = false

  constructor(store: SharedStore, clock: Clock, events: LeaseEvents) {
    this.#store = store
    this.#clock = clock
    this.#events = events
  }

  /** Nobody else can have claimed what is this node's: by its own clock, which began no later than the store's. */
  get held(): boolean {
    return this.#clock.now() < this.#until
  }

  /** @param since When it was asked for, by the stack's clock. */
  begin(since: number): void {
    this.#until = since + this.#store.lease
    this.#timer = this.#clock.every(this.#store.lease / 3, () => void this.renew())
  }

  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#until = 0
  }

  /** Answers when it is held again. */
  async #ask(): Promise<void> {
    do {
      const since = this.#clock.now()
      await this.#store.renew()
      if (!this.held) this.#events.lapsed()
      this.#until = Math.max(this.#until, since + this.#store.lease)
      // An answer that took too long says nothing of now.
    } while (!this.held && this.#timer !== undefined)
  }

  async renew(): Promise<void> {
    if (this.#isAsking || this.#timer === undefined) return
    this.#isAsking = true
    try {
      await this.#ask()
      await this.#events.renewed()
    } catch (error) {
      if (isStackError(error) && error.code === 'LEASE_LOST') this.#events.lost(error)
      else this.#events.missed(error as Error)
    } finally {
      this.#isAsking = false
    }
  }
}
