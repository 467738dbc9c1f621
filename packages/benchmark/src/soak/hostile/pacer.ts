/**
 * A steady rate, kept by the clock and not by who can keep up: what falls due while everybody stands still is made up for, for that is what
 * latency is measured of. But only so far: a machine that is too slow for the rate would be behind for ever, and ever further.
 */
export class Pacer {
  /** Messages that were due and are never sent, because as many as may be were under way. */
  skipped = 0
  readonly #rate: number
  readonly #mostUnderWay: number
  #begun = 0
  /** Since it began: messages that were given out or skipped. */
  #past = 0

  /**
   * @param rate Messages a second.
   * @param mostUnderWay Messages that may be sent, or wait to be, and have not come.
   */
  constructor(rate: number, mostUnderWay: number) {
    this.#rate = rate
    this.#mostUnderWay = mostUnderWay
  }

  /** Nothing is due yet. */
  begin(now: number): void {
    this.#begun = now
    this.#past = 0
  }

  /** How many messages to send now, in ms of the clock that it began by. */
  due(now: number, underWay: number): number {
    const due = Math.floor(((now - this.#begun) * this.#rate) / 1000) - this.#past
    const sent = Math.min(due, Math.max(0, this.#mostUnderWay - underWay))
    this.#past += due
    this.skipped += due - sent
    return sent
  }
}
