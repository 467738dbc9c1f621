/** A handler that has not answered yet: it is waited for, but not for ever. */

import { blame } from '../errors/index.ts'
import { Seat } from '../memory/index.ts'
import { isBounded, whereabouts } from '../time/index.ts'
import type { ChainHost, Settled, Step } from './step.ts'

export class Waiting {
  readonly step: Step
  /** The callback, or `handle publish` and the like. */
  readonly callback: string
  /** What the handler was called with, a client or a context, until it has answered: nobody is kept longer. */
  subject: unknown
  /** When it was called, or last seen to move, by the stack's clock (ms). */
  since: number
  /** Whether it was logged as slow. */
  isTold = false
  /** Settles as the handler's answer does, or with the error of {@link giveUp}. */
  readonly answered: Promise<Settled>
  /** What the chain answers where nothing comes behind the handler; made with the first that asks. */
  whole: Promise<void> | undefined = undefined
  readonly #answer: Promise<Settled>
  readonly #host: ChainHost
  readonly #seat: Seat<Waiting>
  #reject!: (error: unknown) => void
  #over = false
  /** The steps that it had taken when it was last looked at. */
  #count: number

  constructor(answer: Promise<Settled>, step: Step, callback: string, subject: unknown, host: ChainHost) {
    this.step = step
    this.callback = callback
    this.subject = subject
    this.since = host.now()
    this.#answer = answer
    this.#host = host
    this.#count = whereabouts(answer).count
    this.#seat = host.waiting.add(new Seat<Waiting>(this))
    this.answered = new Promise((resolve, reject) => {
      this.#reject = reject
      answer.then(
        (value) => {
          this.#settle(() => resolve(value))
          this.subject = undefined
        },
        (error: unknown) => {
          this.#fail(error)
          this.subject = undefined
        },
      )
    })
  }

  /** Whether it is this answer of this handler that is waited for: many may be given the same, such as a commit. */
  isFor(answer: Promise<Settled>, step: Step): boolean {
    return this.#answer === answer && this.step === step && !this.#over
  }

  /**
   * How long it has not moved, in ms: work in steps has its time for each of them, and is not to blame while it waits
   * for another chain.
   */
  stillFor(now: number): number {
    const { later, count } = whereabouts(this.#answer)
    if (count !== this.#count || isBounded(later)) this.since = now
    this.#count = count
    return now - this.since
  }

  /** Nobody waits for the handler any more; an error that it still answers with is told, and moves nothing. */
  giveUp(error: Error): void {
    this.#settle(() => this.#reject(blame(error, this.step.owner.name, this.callback)))
  }

  #settle(settle: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#host.waiting.delete(this.#seat)
    settle()
  }

  #fail(error: unknown): void {
    const blamed = blame(error, this.step.owner.name, this.callback)
    if (this.#over) this.#host.stray(blamed, this.subject)
    else this.#settle(() => this.#reject(blamed))
  }
}
