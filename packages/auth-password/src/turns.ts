/** How many tasks run at a time, and how many may wait. */
export interface TurnLimits {
  readonly running: number
  readonly waiting: number
}

interface Entry {
  /** Nobody waits for it any more. */
  readonly isOver: () => boolean
  readonly begin: () => void
  readonly giveUp: () => void
}

/** Tasks that take long elsewhere: a few run at a time, some wait for their turn, further ones are refused. */
export class Turns {
  #limits: TurnLimits
  #running = 0
  /** The first in the line is the next. */
  #waiting: Entry[] = []

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Other limits from now on; who waits stays in the line. */
  limit(limits: TurnLimits): void {
    this.#limits = limits
    while (this.#running < limits.running && this.#waiting.length > 0) this.#next()
  }

  /** How many run. */
  get running(): number {
    return this.#running
  }

  /** How many wait; those who are gone count until somebody else wants their place. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * What the task answers, when it had its turn; `undefined` at once if there is no room.
   * @param isOver Nobody waits for it any more: where it is true when its turn comes, `otherwise` is the answer.
   */
  take<Value>(
    task: () => Promise<Value>,
    isOver: () => boolean,
    otherwise: Value,
  ): Promise<Value> | undefined {
    if (this.#running < this.#limits.running) return this.#run(task)
    if (!this.#hasRoom()) return undefined
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        isOver,
        begin: () => void this.#run(task).then(resolve, reject),
        giveUp: () => resolve(otherwise),
      })
    })
  }

  #hasRoom(): boolean {
    const { waiting } = this.#limits
    if (this.#waiting.length >= waiting) this.#giveUp()
    return this.#waiting.length < waiting
  }

  /** Makes room: whoever is gone leaves the line. */
  #giveUp(): void {
    const over = this.#waiting.filter((entry) => entry.isOver())
    this.#waiting = this.#waiting.filter((entry) => !over.includes(entry))
    for (const entry of over) entry.giveUp()
  }

  async #run<Value>(task: () => Promise<Value>): Promise<Value> {
    this.#running++
    try {
      return await task()
    } finally {
      this.#running--
      this.#next()
    }
  }

  #next(): void {
    let entry = this.#waiting.shift()
    while (entry?.isOver() === true) {
      entry.giveUp()
      entry = this.#waiting.shift()
    }
    entry?.begin()
  }
}
