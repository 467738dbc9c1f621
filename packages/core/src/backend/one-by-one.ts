import type { Steps } from '../time/index.ts'

/** Works that may rest, none of which begins before the one that was asked for earlier is done. */
export class OneByOne {
  #last: Promise<void> | undefined

  /** Nothing is under way. */
  get isFree(): boolean {
    return this.#last === undefined
  }

  /** Fulfils when what is under way is done. */
  get last(): Promise<void> | undefined {
    return this.#last
  }

  /** Does the work behind all earlier ones; at once where there is none. */
  *run(work: Steps): Steps {
    const before = this.#last
    let done = (): void => {}
    const mine = new Promise<void>((resolve) => {
      done = resolve
    })
    this.#last = mine
    try {
      yield before
      yield* work
    } finally {
      if (this.#last === mine) this.#last = undefined
      done()
    }
  }
}
