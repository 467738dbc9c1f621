import type { Commits } from './commits.ts'

/** A key that is removed. */
interface Removal {
  readonly key: Uint8Array
  /** Whether something is kept under this key again; it never is where this is absent. */
  readonly isBack: (() => boolean) | undefined
}

/**
 * Keys that are removed for good, because what they belong to is over. A removal that could not be written is made again
 * when the store can commit: nobody else would do it before the next start.
 */
export class Removals {
  readonly #commits: Commits
  #batch: object | undefined
  /** Those of the batch that is staged now. */
  #staged: Removal[] = []
  /** Those that could not be written. */
  #left: Removal[] = []

  constructor(commits: Commits) {
    this.#commits = commits
  }

  /** Stages the removal of a key. */
  remove(key: Uint8Array, isBack?: () => boolean): void {
    this.#commits.remove(key)
    if (this.#batch !== this.#commits.batch) this.#begin()
    this.#staged.push({ key, isBack })
  }

  /** The store has committed something. What is left when it closes goes at the next start. */
  again(): void {
    if (this.#left.length === 0 || this.#commits.closed) return
    const left = this.#left
    this.#left = []
    for (const { key, isBack } of left) if (isBack?.() !== true) this.remove(key, isBack)
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
