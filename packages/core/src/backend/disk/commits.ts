import { StackError } from '../../errors/index.ts'
import type { Change, OrderedStore } from '../ordered-store.ts'

/** A change whose value may still be put in place. */
export interface Staged {
  readonly key: Uint8Array
  value: Uint8Array | undefined
}

/** What is written at once. */
class Batch {
  readonly changes: Staged[] = []
  readonly applies: (() => void)[] = []
  readonly reverts: (() => void)[] = []
  readonly committed: Promise<void>
  settle!: (error?: StackError) => void

  constructor() {
    this.committed = new Promise((fulfil, reject) => {
      this.settle = (error) => (error === undefined ? fulfil() : reject(error))
    })
    // Whoever waits hears of it; that nobody does is no error.
    this.committed.catch(() => {})
  }
}

/**
 * Commits in groups: while one batch is written, what is staged is the next. All of a batch becomes visible at once,
 * when it is durable, and only then is anybody told.
 */
export class Commits {
  readonly #store: OrderedStore
  readonly #onTurn: (failure: StackError | undefined) => void
  #failing = false
  #next = new Batch()
  /** The batch that is written now. */
  #current: Batch | undefined
  #writing: Promise<void> | undefined
  #scheduled = false
  /** Relays that are staged in pieces: a batch ends behind them. */
  #held = 0
  #closed = true

  /** @param onTurn Told why the store cannot commit, when that begins, and with nothing when it can again. */
  constructor(store: OrderedStore, onTurn: (failure: StackError | undefined) => void) {
    this.#store = store
    this.#onTurn = onTurn
  }

  /** From now on changes are taken. */
  open(): void {
    this.#closed = false
  }

  /** Whether everything that was staged is durable. */
  get idle(): boolean {
    return this.#writing === undefined && !this.#scheduled
  }

  /** Stages a change of one key. The value may be put in place until the batch is written. */
  put(key: Uint8Array, value: Uint8Array | undefined): Staged {
    if (this.#closed) throw new StackError('STORE_CLOSED', 'the backend’s store is closed')
    const change = { key, value }
    this.#next.changes.push(change)
    this.#schedule()
    return change
  }

  /**
   * Fulfils when all that is staged by now is durable.
   * @param apply Called then, before anybody is told.
   * @param revert Called if it cannot be written.
   */
  commit(apply?: () => void, revert?: () => void): Promise<void> {
    if (this.#closed) throw new StackError('STORE_CLOSED', 'the backend’s store is closed')
    // Nothing is staged behind what is being written.
    if (apply === undefined && !this.#isWaiting) return this.#current?.committed ?? Promise.resolve()
    const { committed, applies, reverts } = this.#next
    if (apply !== undefined) applies.push(apply)
    if (revert !== undefined) reverts.push(revert)
    this.#schedule()
    return committed
  }

  /** Fulfils when what was staged before is durable; at once where all of it is. */
  settled(): Promise<void> | undefined {
    return this.idle && !this.#isWaiting ? undefined : this.commit()
  }

  /** The same as long as what is staged goes into one batch. */
  get batch(): object {
    return this.#next
  }

  get #isWaiting(): boolean {
    return this.#next.changes.length > 0 || this.#next.applies.length > 0
  }

  /** What is staged from now on, until {@link release}, is one unit with what was staged in this turn. */
  hold(): void {
    this.#held++
  }

  /** Begins at once: another unit may be waiting to hold it up again. */
  release(): void {
    this.#held--
    if (this.#held === 0 && this.#writing === undefined && this.#isWaiting) this.#begin()
  }

  /** Takes no more, and answers when nothing waits. */
  async close(): Promise<void> {
    this.#closed = true
    this.#held = 0
    this.#schedule()
    while (!this.idle) await (this.#writing ?? new Promise(setImmediate))
  }

  /** A batch is what was staged in one turn of the event loop, or while the one before it was written. */
  #schedule(): void {
    if (this.#scheduled || this.#writing !== undefined || this.#held > 0) return
    if (!this.#isWaiting) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#writing === undefined && this.#held === 0) this.#begin()
    })
  }

  #begin(): void {
    const batch = this.#next
    this.#next = new Batch()
    this.#current = batch
    this.#writing = this.#write(batch.changes).then((error) => {
      this.#writing = undefined
      this.#current = undefined
      if (this.#failing !== (error !== undefined)) {
        this.#failing = !this.#failing
        this.#onTurn(error)
      }
      batch.settle(runAll(error === undefined ? batch.applies : batch.reverts.reverse()) ?? error)
      if (this.#isWaiting && this.#held === 0) this.#begin()
    })
  }

  /** Answers why it could not be written. */
  async #write(changes: readonly Change[]): Promise<StackError | undefined> {
    if (changes.length === 0) return undefined
    try {
      await this.#store.write(changes)
      return undefined
    } catch (cause) {
      return new StackError('STORE_FAILED', `the store cannot commit: ${reasonOf(cause)}`, { cause })
    }
  }
}

/** Runs each, whatever becomes of the others: what comes behind this batch is still to be written. */
function runAll(works: readonly (() => void)[]): StackError | undefined {
  let failure: StackError | undefined
  for (const work of works) {
    try {
      work()
    } catch (cause) {
      failure ??= new StackError('STORE_FAILED', `a commit could not be applied: ${reasonOf(cause)}`, {
        cause,
      })
    }
  }
  return failure
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
