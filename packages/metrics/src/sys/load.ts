/** Averages over the last minutes, as Mosquitto takes them. */

const MINUTES = [1, 5, 15]

/** An exponential average of how much a counter grows in a minute, over 1, 5 and 15 of them. */
export class Load {
  #before: number | undefined
  readonly #averages = MINUTES.map(() => 0)

  /**
   * @param count Where the counter is now.
   * @param seconds Since the last time.
   */
  take(count: number, seconds: number): void {
    const grown = count - (this.#before ?? 0)
    this.#before = count
    if (seconds <= 0) return
    const perMinute = (grown * 60) / seconds
    MINUTES.forEach((minutes, i) => {
      const old = Math.exp(-seconds / (60 * minutes))
      this.#averages[i] = this.#averages[i] * old + perMinute * (1 - old)
    })
  }

  /** By the last part of the topic: `1min`. */
  *values(): Iterable<[string, string]> {
    for (let i = 0; i < MINUTES.length; i++) yield [`${MINUTES[i]}min`, this.#averages[i].toFixed(2)]
  }
}
