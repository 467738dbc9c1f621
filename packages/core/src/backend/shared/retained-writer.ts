import { StackError } from '../../errors/index.ts'
import type { Change } from '../ordered-store.ts'
import type { Note } from './retained-record.ts'
import { writeNotes } from './retained-record.ts'
import type { SharedMap } from './shared-store.ts'

/** Changes that are written at once, at most, and their bytes, about. */
const MOST = 1_000
const MOST_BYTES = 4 * 2 ** 20

interface Waiting {
  readonly change: Change | undefined
  readonly note: Note
  written(position: string): void
  failed(error: StackError): void
}

/** Writes retained messages, one write after the other: each takes all that has come meanwhile, in its order. */
export class RetainedWriter {
  readonly #map: SharedMap
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  constructor(map: SharedMap) {
    this.#map = map
  }

  /** Fulfils when all that was added is written, or has failed. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  /**
   * Answers with the position of what it writes.
   * @param change Of the map; without it a note alone is written.
   * @throws StackError `STORE_FAILED`: whether it was written nobody knows.
   */
  add(change: Change | undefined, note: Note): Promise<string> {
    return new Promise((written, failed) => {
      this.#waiting.push({ change, note, written, failed })
      this.#writing ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // What comes in this turn goes along.
    await null
    while (this.#waiting.length > 0) await this.#write(this.#take())
    this.#writing = undefined
  }

  #take(): Waiting[] {
    let bytes = 0
    const most = this.#waiting.findIndex(({ change }, i) => {
      bytes += change?.value?.length ?? 0
      return i > 0 && (i === MOST || bytes > MOST_BYTES)
    })
    return this.#waiting.splice(0, most < 0 ? this.#waiting.length : most)
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const changes = batch.flatMap(({ change }) => change ?? [])
    try {
      const position = await this.#map.write(changes, writeNotes(batch.map(({ note }) => note)))
      for (const { written } of batch) written(position)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const error = new StackError('STORE_FAILED', `retained messages cannot be stored: ${reason}`, { cause })
      for (const { failed } of batch) failed(error)
    }
  }
}
