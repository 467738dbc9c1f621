/** The end of an event-loop turn: what was put off until all that arrived together has been handled. */
import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'

/** Somebody with work to do at the end of the turn. */
export interface EndOfTurn {
  endTurn(): void
  /** Its write costs next to nothing: it is never left for the next turn. */
  readonly light?: boolean
}

/** Milliseconds that the writes of a turn may take, and how many there are between two looks at the clock. */
const WRITING = 10
const WRITES_A_LOOK = 2

/** One `setImmediate` for the whole stack: it fires after the poll phase, when every readable socket was read. */
export class Turn {
  #early: EndOfTurn[] = []
  #writes: EndOfTurn[] = []
  #behind: EndOfTurn | undefined
  /** The writes of the last turn took too long. */
  #leftOver = false
  #scheduled = false
  readonly #report: (error: Error) => void
  readonly #clock: Clock

  /** @param report Takes what a task throws: nobody else could. */
  constructor(report: (error: Error) => void, clock: Clock = systemClock) {
    this.#report = report
    this.#clock = clock
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
    if (this.#writes.length > 0) this.#write()
    const behind = this.#behind
    if (behind === undefined) return
    this.#behind = undefined
    this.#run(behind)
  }

  /** Empties the outboxes; what takes too long for this turn is left for the next, so that the sockets are read. */
  #write(): void {
    const writes = this.#writes
    this.#writes = []
    // Behind what was left over they would wait for it; those that are emptied here cost nothing below.
    if (this.#leftOver) for (const outbox of writes) if (outbox.light === true) this.#run(outbox)
    const end = this.#clock.now() + WRITING
    let late = false
    for (let i = 0; i < writes.length; i++) {
      const outbox = writes[i]
      if (late && outbox.light !== true) {
        this.#writes.push(outbox)
        continue
      }
      this.#run(outbox)
      if (!late && i % WRITES_A_LOOK === WRITES_A_LOOK - 1) late = this.#clock.now() >= end
    }
    this.#leftOver = late
    if (this.#writes.length > 0 && !this.#scheduled) this.#schedule()
  }

  #run(task: EndOfTurn): void {
    try {
      task.endTurn()
    } catch (error) {
      this.#report(error as Error)
    }
  }
}
