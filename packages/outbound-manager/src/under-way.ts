/** Store calls that are not answered yet: whoever ends the session waits for them. */
export class UnderWay {
  #calls = 0
  #waiting: (() => void)[] = []

  /** Notes a call until it is answered, whatever the answer is; answers what it was given. */
  note(later: void | Promise<void>): void | Promise<void> {
    if (later === undefined) return
    this.#calls++
    const over = (): void => {
      if (--this.#calls > 0) return
      const waiting = this.#waiting
      this.#waiting = []
      for (const resolve of waiting) resolve()
    }
    later.then(over, over)
    return later
  }

  /** Resolves when all are answered; nothing when there is none. */
  settled(): void | Promise<void> {
    if (this.#calls > 0) return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
