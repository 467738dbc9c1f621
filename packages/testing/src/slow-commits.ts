import { setImmediate as turn } from 'node:timers/promises'

/** A change that waits for its commit. */
interface Change {
  readonly apply: () => void
  readonly applied: () => void
  readonly failed: (error: unknown) => void
}

/** Commits what was staged, in groups: what comes while one is written is the next. Nothing is seen before. */
export class SlowCommits {
  readonly #milliseconds: number
  #staged: Change[] = []
  #writing: Promise<void> | undefined

  /** @param milliseconds What a commit takes; a turn of the event loop stands for each, so that no real time passes. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Resolves when the change is made, behind all that were staged before. */
  write(apply: () => void): Promise<void> {
    const whole = new Promise<void>((applied, failed) => this.#staged.push({ apply, applied, failed }))
    this.#writing ??= this.#write()
    return whole
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async #write(): Promise<void> {
    // What is staged in one turn is one group.
    await undefined
    while (this.#staged.length > 0) {
      const group = this.#staged
      this.#staged = []
      for (let i = 0; i < this.#milliseconds; i++) await turn()
      const settled = group.map(commit)
      for (const tell of settled) tell()
    }
    this.#writing = undefined
  }
}

/** Makes a change; answers what tells of it, for all of a group are made before anybody hears of one. */
function commit({ apply, applied, failed }: Change): () => void {
  try {
    apply()
    return applied
  } catch (error) {
    return () => failed(error)
  }
}
