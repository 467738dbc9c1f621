import type { Clock } from '../../time/index.ts'
import type { SharedStore } from './shared-store.ts'

/** The one clock of the service, as the store has it, for instants that nodes tell each other. */
export class ServiceClock {
  readonly #store: SharedStore
  readonly #clock: Clock
  #offset: number | undefined

  constructor(store: SharedStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Asks the store for its time. */
  async sync(): Promise<void> {
    const before = this.#clock.now()
    const time = await this.#store.time()
    this.#offset = time - (before + this.#clock.now()) / 2
  }

  /** Milliseconds since 1970. Before the first {@link sync}: of this machine. */
  now(): number {
    return this.#offset === undefined ? this.#clock.wall() : this.#clock.now() + this.#offset
  }

  /** How far this machine's clock is ahead, in ms. */
  get ahead(): number {
    return this.#clock.wall() - this.now()
  }
}
