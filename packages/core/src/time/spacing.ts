/** How close samples are taken of what may happen once an hour or a million times a second. */

/** Milliseconds between two samples: where they are further apart, more are taken; where closer, fewer. */
const FAR = 10
const CLOSE = 1

/** All of what is rare is sampled: of what is not, one in so many that samples are some milliseconds apart. */
export class Spacing {
  #gap = 1
  #last = Number.NEGATIVE_INFINITY

  /**
   * Takes a sample.
   * @param now Milliseconds.
   * @param most The most that may be answered.
   * @returns One in how many is to be the next.
   */
  next(now: number, most: number): number {
    const apart = now - this.#last
    this.#last = now
    if (apart > FAR) this.#gap = Math.max(1, this.#gap >> 1)
    else if (apart < CLOSE) this.#gap *= 2
    this.#gap = Math.min(most, this.#gap)
    return this.#gap
  }
}
