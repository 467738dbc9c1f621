import { Buffer } from 'node:buffer'
import type { Commits } from './commits.ts'

/**
 * Keys that are removed for good, because what they belong to is over. A removal that could not be written is made again
 * when the store can commit: nobody else would do it before the next start.
 */
export class Removals {
  readonly #commits: Commits
  #batch: object | undefined
  /** Those of the batch that is staged now. */
  #staged: Uint8Array[] = []
  /** Those that could not be written, by the name of the key. */
  readonly #left = new Map<string, Uint8Array>()

  constructor(commits: Commits) {
    this.#commits = commits
  }

  /** Stages the removal of a key. */
  remove(key: Uint8Array): void {
    this.#commits.remove(key)
    if (this.#batch !== this.#commits.batch) this.#begin()
    this.#staged.push(key)
  }

  /** Something is kept under this key again. */
  keep(key: Uint8Array): void {
    if (this.#left.size > 0) this.#left.delete(nameOf(key))
  }

  /** The store can commit again. */
  again(): void {
    const keys = [...this.#left.values()]
    this.#left.clear()
    for (const key of keys) this.remove(key)
  }

  #begin(): void {
    const staged: Uint8Array[] = []
    this.#batch = this.#commits.batch
    this.#staged = staged
    this.#commits.commit(undefined, () => {
      for (const key of staged) this.#left.set(nameOf(key), key)
    })
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
