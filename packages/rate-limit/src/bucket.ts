/** A token bucket: what `perSecond` allows, and what it allowed in the last `burst` seconds if it was not used. */
export class Bucket {
  /** What it fills by in a millisecond. */
  readonly #speed: number
  readonly #most: number
  #left: number
  #at: number

  /**
   * @param perSecond Infinity for no limit.
   * @param burst Seconds.
   * @param now By the stack's clock, in ms; as all instants here.
   */
  constructor(perSecond: number, burst: number, now: number) {
    this.#speed = perSecond / 1_000
    this.#most = Math.max(1, perSecond * burst)
    this.#left = this.#most
    this.#at = now
  }

  /** Whether there is one in it. */
  has(now: number): boolean {
    if (now > this.#at) {
      this.#left = Math.min(this.#most, this.#left + (now - this.#at) * this.#speed)
      this.#at = now
    }
    return this.#left >= 1
  }

  /** Takes what was asked for, even if there is less: the rest is owed. */
  take(amount: number): void {
    this.#left -= amount
  }

  /** When there is one in it, if nothing more is taken. */
  get readyAt(): number {
    return this.#left >= 1 ? this.#at : this.#at + (1 - this.#left) / this.#speed
  }
}
