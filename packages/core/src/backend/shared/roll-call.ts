import type { Clock, Timer } from '../../time/index.ts'

/** Waits until all are heard of who have something to say. */
export class RollCall {
  readonly #clock: Clock
  #missing = new Set<string>()
  #end: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** These have something to say. */
  begin(nodes: Iterable<string>): void {
    this.#missing = new Set(nodes)
  }

  heard(node: string): void {
    if (this.#missing.delete(node) && this.#missing.size === 0) this.#end?.()
  }

  /** Others are not there any more. */
  keep(known: ReadonlySet<string>): void {
    for (const node of [...this.#missing]) if (!known.has(node)) this.heard(node)
  }

  /** Fulfils when all are heard of, or `ms` milliseconds have passed; with those who are missing then. */
  async wait(ms: number): Promise<readonly string[]> {
    if (this.#missing.size > 0) {
      let timer: Timer | undefined
      await new Promise<void>((resolve) => {
        this.#end = resolve
        timer = this.#clock.after(ms, resolve)
      })
      timer?.cancel()
      this.#end = undefined
    }
    return [...this.#missing]
  }
}
