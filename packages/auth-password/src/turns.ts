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

/**
 * Tasks that take long elsewhere: a few run at a time, some wait for their turn, further ones are refused. Those who come from
 * one place have turns of their own, so that a crowd from one keeps nobody else waiting.
 */
export class Turns {
  #limits: TurnLimits
  #running = 0
  #waiting = 0
  /** By where they come from; the first is the next, and goes behind all others then. */
  readonly #lines = new Map<string, Entry[]>()

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Other limits from now on; who waits stays in the line. */
  limit(limits: TurnLimits): void {
    this.#limits = limits
    while (this.#running < limits.running && this.#waiting > 0) this.#next()
  }

  /** How many run. */
  get running(): number {
    return this.#running
  }

  /** How many wait; those who are gone count until somebody else wants their place. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * What the task answers, when it had its turn; `undefined` where it has none: there is no room, or nobody waits for it any
   * more. Where all places are taken, whoever comes from elsewhere has that of the last in the longest line.
   * @param from Where it comes from.
   * @param isOver Nobody waits for it any more.
   */
  take<Value>(
    from: string,
    task: () => Promise<Value>,
    isOver: () => boolean,
  ): Promise<Value | undefined> | undefined {
    if (this.#running < this.#limits.running) return this.#run(task)
    if (!this.#hasRoom(from)) return undefined
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        isOver,
        begin: () => void this.#run(task).then(resolve, reject),
        giveUp: () => resolve(undefined),
      }
      const line = this.#lines.get(from)
      if (line === undefined) this.#lines.set(from, [entry])
      else line.push(entry)
      this.#waiting++
    })
  }

  #hasRoom(from: string): boolean {
    const { waiting } = this.#limits
    if (this.#waiting >= waiting) this.#dropGone()
    if (this.#waiting >= waiting) this.#dropLast(this.#lines.get(from)?.length ?? 0)
    return this.#waiting < waiting
  }

  /** Whoever is gone leaves the line. */
  #dropGone(): void {
    for (const [from, line] of this.#lines) {
      const over = line.filter((entry) => entry.isOver())
      if (over.length === 0) continue
      for (const entry of over) entry.giveUp()
      this.#keep(
        from,
        line.filter((entry) => !over.includes(entry)),
      )
      this.#waiting -= over.length
    }
  }

  /** The last of the longest line leaves it, where that is longer by more than the place that somebody wants. */
  #dropLast(own: number): void {
    let longest: Entry[] = []
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line
    if (longest.length <= own + 1) return
    longest.pop()?.giveUp()
    this.#waiting--
  }

  #keep(from: string, line: Entry[]): void {
    if (line.length === 0) this.#lines.delete(from)
    else this.#lines.set(from, line)
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
    for (const [from, line] of this.#lines) {
      const entry = line.shift()
      this.#lines.delete(from)
      this.#keep(from, line)
      if (entry === undefined) continue
      this.#waiting--
      if (entry.isOver()) entry.giveUp()
      else {
        entry.begin()
        return
      }
    }
  }
}
