import type { MetricFamily } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Clock, Timer } from '../../time/index.ts'
import type { Change, OrderedStore } from '../ordered-store.ts'
import type { LateChange, Unit } from './batch.ts'
import { Batch } from './batch.ts'
import { CommitMeasures } from './commit-measures.ts'

/**
 * Turns of the event loop that a batch waits which holds nothing but messages on their way: most are acknowledged
 * meanwhile, and need not be written.
 */
const PATIENCE = 4

/**
 * That the store commits again is told when it has not failed for so many ms: one that is full may take what makes room, and nothing
 * else.
 */
const CALM = 1_000

/** What goes along with a batch that is written anyway. */
export interface Companion {
  /** Called before a batch is written. */
  take(): readonly Change[]
  /** It was written with it, or could not be. Called before anything else is written. */
  end(isWritten: boolean): void
}

/**
 * Commits in groups: while one batch is written, what is staged is the next. All of a batch becomes visible at once,
 * when it is durable, and only then is anybody told.
 */
export class Commits {
  readonly #store: Pick<OrderedStore, 'write'>
  readonly #onTurn: (failure: StackError | undefined) => void
  readonly #clock: Pick<Clock, 'after'>
  #failing = false
  /** That it fails was told, and not yet that it is over. */
  #isTold = false
  #calm: Timer | undefined
  #next = new Batch()
  /** The batch that is written now. */
  #current: Batch | undefined
  #writing: Promise<void> | undefined
  #scheduled = false
  /** Turns that the next batch has waited. */
  #turns = 0
  /** Relays that are staged in pieces: a batch ends behind them. */
  #held = 0
  #closed = true
  readonly #measures = new CommitMeasures()
  #companion: Companion | undefined
  #staged = 0

  /** @param onTurn Told why the store cannot commit, when that begins, and with nothing when it can again. */
  constructor(
    store: Pick<OrderedStore, 'write'>,
    clock: Pick<Clock, 'after'>,
    onTurn: (failure: StackError | undefined) => void,
  ) {
    this.#store = store
    this.#clock = clock
    this.#onTurn = onTurn
  }

  /** From now on changes are taken. */
  open(): void {
    this.#closed = false
  }

  /** No changes are taken any more, or yet. */
  get closed(): boolean {
    return this.#closed
  }

  /** What it hands out is written first in each batch that has something to write. One for a backend. */
  accompany(companion: Companion): void {
    this.#companion = companion
  }

  /** Grows with all that is staged. */
  get staged(): number {
    return this.#staged
  }

  /** Whether everything that was staged is durable. */
  get idle(): boolean {
    return this.#writing === undefined && !this.#scheduled
  }

  /** The last batch could not be written. */
  get failing(): boolean {
    return this.#failing
  }

  /** How long commits take, how large they are, and what waits. */
  metrics(): MetricFamily[] {
    return this.#measures.families(this.#next.size)
  }

  /** Stages a change of one key. */
  put(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#open().add({ key, value }, false)
    this.#schedule()
  }

  /** A key goes that nobody misses: nobody waits for it. */
  remove(key: Uint8Array): void {
    this.#open().add({ key, value: undefined }, true)
    this.#schedule()
  }

  /**
   * Stages a change that is made when its batch is written.
   * @param mayWait It is likely to be withdrawn.
   */
  putLate(change: LateChange, mayWait: boolean): void {
    this.#open().addLate(change, mayWait)
    this.#schedule()
  }

  /** Takes back what is staged; false where its batch is being written, or was. */
  withdraw(change: LateChange): boolean {
    return this.#next.withdraw(change)
  }

  #open(): Batch {
    if (this.#closed) throw new StackError('STORE_CLOSED', 'the backend’s store is closed')
    this.#staged++
    return this.#next
  }

  /**
   * Fulfils when all that is staged by now is durable.
   * @param apply Called then, before anybody is told.
   * @param revert Called if it cannot be written.
   */
  commit(apply?: () => void, revert?: () => void): Promise<void> {
    if (apply !== undefined || revert !== undefined) return this.commitUnit({ apply, revert })
    const { committed } = this.#open()
    // Nothing is staged behind what is being written.
    return this.#isWaiting ? committed : (this.#current?.committed ?? Promise.resolve())
  }

  /** The same, for what is told itself. */
  commitUnit(unit: Unit): Promise<void> {
    const batch = this.#open()
    batch.units.push(unit)
    this.#schedule()
    return batch.committed
  }

  /** Fulfils when what was staged before is durable; at once where all of it is. */
  settled(): Promise<void> | undefined {
    if (this.#isWaiting) this.#next.hurry()
    else if (this.idle) return undefined
    return this.commit()
  }

  /** The same as long as what is staged goes into one batch. */
  get batch(): object {
    return this.#next
  }

  get #isWaiting(): boolean {
    return !this.#next.isEmpty
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
    this.#calm?.cancel()
    this.#held = 0
    this.#next.hurry()
    this.#schedule()
    while (!this.idle) await (this.#writing ?? new Promise(setImmediate))
  }

  /** A batch is what was staged in one turn of the event loop, or while the one before it was written. */
  #schedule(): void {
    if (this.#scheduled || this.#writing !== undefined || this.#held > 0) return
    if (!this.#isWaiting) return
    this.#scheduled = true
    this.#turns = 0
    setImmediate(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    if (this.#writing === undefined && this.#held === 0 && this.#next.mayWait && ++this.#turns < PATIENCE) {
      setImmediate(this.#endTurn)
      return
    }
    this.#scheduled = false
    if (this.#writing === undefined && this.#held === 0) this.#begin()
  }

  #begin(): void {
    const batch = this.#next
    this.#next = new Batch()
    this.#current = batch
    let changes: readonly Change[] = batch.take()
    const along = changes.length === 0 ? undefined : this.#companion?.take()
    if (along !== undefined && along.length > 0) changes = [...along, ...changes]
    this.#writing = this.#write(changes).then((error) => {
      if (along !== undefined) this.#companion?.end(error === undefined)
      this.#writing = undefined
      this.#current = undefined
      // That nothing was to be written says nothing of the store.
      if (changes.length > 0) this.#note(error)
      batch.settle(settleAll(batch.units, error === undefined) ?? error)
      if (this.#next.mayWait) this.#schedule()
      else if (this.#isWaiting && this.#held === 0) this.#begin()
    })
  }

  #note(error: StackError | undefined): void {
    this.#failing = error !== undefined
    if (error !== undefined) {
      this.#calm?.cancel()
      this.#calm = undefined
      if (!this.#isTold) this.#onTurn(error)
      this.#isTold = true
    } else if (this.#isTold && !this.#closed) this.#calm ??= this.#clock.after(CALM, this.#onCalm)
  }

  readonly #onCalm = (): void => {
    this.#calm = undefined
    this.#isTold = false
    this.#onTurn(undefined)
  }

  /** Answers why it could not be written. */
  async #write(changes: readonly Change[]): Promise<StackError | undefined> {
    if (changes.length === 0) return undefined
    const began = performance.now()
    try {
      await this.#store.write(changes)
      this.#measures.written(changes, performance.now() - began)
      return undefined
    } catch (cause) {
      this.#measures.failed()
      return new StackError('STORE_FAILED', `the store cannot commit: ${reasonOf(cause)}`, { cause })
    }
  }
}

/**
 * Applies each in order, or reverts it last to first, whatever becomes of the others: what comes behind this batch is
 * still to be written.
 */
function settleAll(units: readonly Unit[], isWritten: boolean): StackError | undefined {
  let failure: StackError | undefined
  for (let i = 0; i < units.length; i++) {
    try {
      if (isWritten) units[i].apply?.()
      else units[units.length - 1 - i].revert?.()
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
