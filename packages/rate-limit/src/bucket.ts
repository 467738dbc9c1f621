/** What V8 counts without a heap number. */
const MOST_AT_ONCE = 2 ** 30

/** A token bucket: what `perSecond` allows, and what it allowed in the last `burst` seconds if it was not used. */
export class Bucket {
  // Numbers from the beginning: at each change of a field that was `undefined` once, V8 makes a number on the heap.
  /** What it fills by in a millisecond. */
  readonly #speed: number = 0
  readonly #most: number = 0
  #left = 0
  #at = 0

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

  /** Takes what was asked for, even if there is less: the rest is owed. What is negative is given back. */
  take(amount: number): void {
    this.#left -= amount
  }

  /** Takes all whole ones, up to 2^30 of them, and answers how many. */
  takeAll(): number {
    const whole = Math.max(0, Math.min(Math.floor(this.#left), MOST_AT_ONCE))
    this.#left -= whole
    return whole
  }

  /** When there is one in it, if nothing more is taken. */
  get readyAt(): number {
    return this.#left >= 1 ? this.#at : this.#at + (1 - this.#left) / this.#speed
  }
}
