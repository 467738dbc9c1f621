import type { Clock, Timer } from '../../time/index.ts'
import type { Commits } from './commits.ts'

/** Where nothing else is committed work is done again after so many ms. */
const PAUSE = 1_000

/** A key that is removed. */
interface Removal {
  readonly key: Uint8Array
  /** Whether something is kept under this key again; it never is where this is absent. */
  readonly isBack: (() => boolean) | undefined
}

/**
 * Keys that are removed for good, because what they belong to is over. A removal that could not be written is made again
 * when the store can commit: nobody else would do it before the next start. So is work that was one unit with it.
 */
export class Removals {
  readonly #commits: Commits
  readonly #clock: Clock
  #batch: object | undefined
  /** Those of the batch that is staged now. */
  #staged: Removal[] = []
  /** Those that could not be written. */
  #left: Removal[] = []
  /** Work that is done again with them. */
  #tasks: (() => void)[] = []
  #timer: Timer | undefined

  constructor(commits: Commits, clock: Clock) {
    this.#commits = commits
    this.#clock = clock
  }

  /** Stages the removal of a key. */
  remove(key: Uint8Array, isBack?: () => boolean): void {
    this.#commits.remove(key)
    if (this.#batch !== this.#commits.batch) this.#begin()
    this.#staged.push({ key, isBack })
  }

  /**
   * What the work staged could not be written: it is done again with the removals that were staged in the same turn, as one unit with
   * them. Where the store closes before, what they are of is there at the next start.
   */
  redo(task: () => void): void {
    this.#tasks.push(task)
    this.#timer ??= this.#clock.after(PAUSE, () => this.again())
  }

  /** The store has committed something, or some time has passed. What is left when it closes goes at the next start. */
  again(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if ((this.#left.length === 0 && this.#tasks.length === 0) || this.#commits.closed) return
    const tasks = this.#tasks
    this.#tasks = []
    for (const task of tasks) task()
    const left = this.#left
    this.#left = []
    for (const { key, isBack } of left) if (isBack?.() !== true) this.remove(key, isBack)
  }

  /** Nothing is done again any more. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#tasks = []
  }

  #begin(): void {
    const staged: Removal[] = []
    this.#batch = this.#commits.batch
    this.#staged = staged
    this.#commits.commit(undefined, () => {
      this.#left = this.#left.concat(staged)
    })
  }
}
