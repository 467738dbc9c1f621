import type { CallbackRule } from '../contract/index.ts'
import { blame, isStackError, StackError } from '../errors/index.ts'
import type { Steps } from '../time/index.ts'
import { bounded, proceed } from '../time/index.ts'
import { QuestionChain } from './question-chain.ts'
import type { Anything, ChainHost, Step } from './step.ts'

/** The chain of a callback of the rule `each`: no failure and no done keeps a handler from being called. */
export class EachChain extends QuestionChain {
  readonly #patience: number | undefined
  readonly #noteFailure: CallbackRule['failed']

  constructor(name: string, host: ChainHost, rule: CallbackRule) {
    super(name, host, rule)
    this.#patience = rule.patience
    this.#noteFailure = rule.failed
  }

  override run(
    subject: Anything,
    store: Anything,
    from: number = 0,
    to: number = this.steps.length,
  ): void | Promise<void> {
    if (from === 0) {
      this.admit(subject)
      if (this.isLookedAt()) return this.runLookedAt(subject, store)
    }
    return this.runAll(this.steps, subject, store, from, to)
  }

  protected override runAll(
    steps: readonly Step[],
    subject: Anything,
    store: Anything,
    from: number,
    to: number,
  ): void | Promise<void> {
    if (this.#patience !== undefined && Array.isArray(store))
      return this.#collect(this.#patience, steps.slice(from, to), subject, store)
    for (let i = from; i < to; i++) {
      const later = this.#runOne(steps[i], subject, store)
      // Most handlers are done at once; from the first that is not on, the others wait for it.
      if (later !== undefined) return proceed(this.#runOthers(later, steps, subject, store, i + 1, to))
    }
  }

  /** Nobody waits for another: what each has pushed is put together in their order. */
  #collect(
    patience: number,
    steps: readonly Step[],
    subject: Anything,
    store: Anything[],
  ): void | Promise<void> {
    const lists: Anything[][] = []
    const waits: Promise<void>[] = []
    for (const step of steps) {
      const list: Anything[] = []
      lists.push(list)
      const later = this.#runOne(step, subject, list)
      if (later === undefined) continue
      const failed = (error: unknown): void => this.#failed(error, step, subject, list)
      waits.push(this.#waitFor(later, patience, step.owner.name, subject).catch(failed))
    }
    // One by one: a list may be longer than a call has arguments.
    const join = (): void => {
      for (const list of lists) for (const one of list) store.push(one)
    }
    if (waits.length > 0) return bounded(Promise.all(waits).then(join))
    join()
  }

  #runOne(step: Step, subject: Anything, store: Anything): void | Promise<void> {
    try {
      return this.runSteps([step], subject, store, 0, 1)
    } catch (error) {
      this.#failed(error, step, subject, store)
    }
  }

  *#runOthers(
    first: Promise<void>,
    steps: readonly Step[],
    subject: Anything,
    store: Anything,
    from: number,
    to: number,
  ): Steps {
    let later: void | Promise<void> = first
    for (let i = from; ; i++) {
      try {
        yield later
      } catch (error) {
        this.#failed(error, steps[i - 1], subject, store)
      }
      if (i >= to) return
      later = this.#runOne(steps[i], subject, store)
    }
  }

  /** Waits for a handler for so long. With what it fails later nobody is answered, and so it is reported. */
  #waitFor(later: Promise<void>, patience: number, name: string, subject: Anything): Promise<void> {
    return bounded(
      new Promise((resolve, reject) => {
        let isOver = false
        const giveUp = (): void => {
          isOver = true
          const message = `${name} has not answered ${this.name} for ${patience} ms`
          reject(blame(new StackError('HANDLER_STALLED', message), name, this.name))
        }
        const timer = this.host.stack.clock.after(patience, giveUp)
        const end = (): void => {
          timer.cancel()
          resolve()
        }
        const fail = (error: unknown): void => {
          timer.cancel()
          const isTold = isStackError(error) && error.code === 'HANDLER_STALLED'
          if (!isOver) reject(error)
          else if (!isTold) this.host.stray(error as Error, subject)
        }
        later.then(end, fail)
      }),
    )
  }

  #failed(error: unknown, { owner }: Step, subject: Anything, store: Anything): void {
    this.host.stray(error as Error, subject)
    this.#noteFailure?.(store, owner.name, error as Error)
  }
}
