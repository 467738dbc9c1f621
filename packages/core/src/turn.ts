/** The end of an event-loop turn: what was put off until all that arrived together has been handled. */

/** Somebody with work to do at the end of the turn. */
export interface EndOfTurn {
  endTurn(): void
}

/** One `setImmediate` for the whole stack: it fires after the poll phase, when every readable socket was read. */
export class Turn {
  #early: EndOfTurn[] = []
  #writes: EndOfTurn[] = []
  #behind: EndOfTurn | undefined
  #scheduled = false
  readonly #report: (error: Error) => void

  /** @param report Takes what a task throws: nobody else could. */
  constructor(report: (error: Error) => void) {
    this.#report = report
  }

  /** Work that may write packets; done before the outboxes are emptied. */
  add(task: EndOfTurn): void {
    this.#early.push(task)
    if (!this.#scheduled) this.#schedule()
  }

  /** An outbox that holds bytes. */
  write(outbox: EndOfTurn): void {
    this.#writes.push(outbox)
    if (!this.#scheduled) this.#schedule()
  }

  /** The one whose work is to be done once the outboxes are emptied. */
  behind(task: EndOfTurn): void {
    this.#behind = task
    if (!this.#scheduled) this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = true
    setImmediate(this.#end)
  }

  readonly #end = (): void => {
    this.#scheduled = false
    const early = this.#early
    if (early.length > 0) {
      this.#early = []
      for (const task of early) this.#run(task)
    }
    const writes = this.#writes
    this.#writes = []
    for (const outbox of writes) this.#run(outbox)
    const behind = this.#behind
    if (behind === undefined) return
    this.#behind = undefined
    this.#run(behind)
  }

  #run(task: EndOfTurn): void {
    try {
      task.endTurn()
    } catch (error) {
      this.#report(error as Error)
    }
  }
}
