/** Leaves a service alone that does not answer. */
import type { Clock } from '@mqtt-stack/core'

export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failures: number
  /** How long it stays open, in ms. */
  readonly cooldown: number
}

/** Closed: everything is asked. Open: nothing is, until one question is tried, whose answer closes it. */
export class Circuit {
  readonly #options: CircuitOptions
  #failures = 0
  /** When one may be tried, by the stack's clock; undefined while it is closed. */
  #tryAt: number | undefined
  #trying = false

  constructor(options: CircuitOptions) {
    this.#options = options
  }

  get open(): boolean {
    return this.#tryAt !== undefined
  }

  /** Whether a question may be asked now; each that may be has to be told about. */
  admits(clock: Clock): boolean {
    if (this.#tryAt === undefined) return true
    if (this.#trying || clock.now() < this.#tryAt) return false
    this.#trying = true
    return true
  }

  /** There was an answer; whether the circuit was open until now. */
  succeeded(): boolean {
    const wasOpen = this.open
    this.#failures = 0
    this.#tryAt = undefined
    this.#trying = false
    return wasOpen
  }

  /** There was none; whether the circuit opens because of that. */
  failed(clock: Clock): boolean {
    const wasOpen = this.open
    this.#trying = false
    if (++this.#failures < this.#options.failures) return false
    this.#tryAt = clock.now() + this.#options.cooldown
    return !wasOpen
  }

  /** It was not asked after all. */
  withdrawn(): void {
    this.#trying = false
  }
}
