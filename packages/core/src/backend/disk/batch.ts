import type { StackError } from '../../errors/index.ts'
import type { Change } from '../ordered-store.ts'

/** A change that is made only when its batch is written, and may be withdrawn before. */
export interface LateChange {
  /** Set while it waits for that. */
  batch: object | undefined
  make(): Change
}

/** What is done when a batch is durable, or cannot be written. */
export interface Unit {
  apply?(): void
  revert?(): void
}

/** What is written at once. */
export class Batch {
  readonly units: Unit[] = []
  readonly committed: Promise<void>
  settle!: (error?: StackError) => void
  readonly #changes: (Change | LateChange)[] = []
  /** Changes that can wait and have not been withdrawn. */
  #patient = 0
  #urgent = false

  constructor() {
    this.committed = new Promise((fulfil, reject) => {
      this.settle = (error) => (error === undefined ? fulfil() : reject(error))
    })
    // Whoever waits hears of it; that nobody does is no error.
    this.committed.catch(() => {})
  }

  /** Changes in it, those that were withdrawn included. */
  get size(): number {
    return this.#changes.length
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0 && this.units.length === 0
  }

  /** Somebody may withdraw what is in it, and nobody needs it before. */
  get mayWait(): boolean {
    return !this.#urgent && this.#patient > 0
  }

  add(change: Change | LateChange, mayWait: boolean): void {
    this.#changes.push(change)
    if (mayWait) this.#patient++
    else this.#urgent = true
  }

  hurry(): void {
    this.#urgent = true
  }

  addLate(change: LateChange, mayWait: boolean): void {
    change.batch = this
    this.add(change, mayWait)
  }

  /** False for what is not in it. */
  withdraw(change: LateChange): boolean {
    if (change.batch !== this) return false
    change.batch = undefined
    this.#patient--
    return true
  }

  /** What is to be written; nothing of it can be withdrawn any more. */
  take(): Change[] {
    const made: Change[] = []
    for (const change of this.#changes) {
      if (!('make' in change)) made.push(change)
      else if (change.batch === this) {
        change.batch = undefined
        made.push(change.make())
      }
    }
    return made
  }
}
