/** A handler that answers by `next` or `done` answers once. */
import type { Instead } from '../contract/index.ts'
import { DONE, isInstead } from '../contract/index.ts'
import { blame, StackError } from '../errors/index.ts'
import type { Answer, Anything, ChainHost, Settled, Step } from './step.ts'

/** One call of one handler with `next` and `done`: takes the first answer, reports every later one. */
export class SingleAnswer {
  readonly #chain: string
  readonly #step: Step
  readonly #host: ChainHost
  readonly #subject: Anything
  #state: 'open' | 'next' | 'done' | 'failed' = 'open'
  #error: unknown
  #instead: Instead | undefined
  #resolve: ((value: Settled) => void) | undefined
  #reject: ((error: unknown) => void) | undefined

  constructor(chain: string, step: Step, host: ChainHost, subject: Anything) {
    this.#chain = chain
    this.#step = step
    this.#host = host
    this.#subject = subject
  }

  readonly next = (error?: unknown): void => {
    if (isInstead(error)) {
      this.#instead = this.#state === 'open' ? error : this.#instead
      this.#settle('next', undefined)
    } else if (error !== undefined && error !== null) this.#settle('failed', error)
    else this.#settle('next', undefined)
  }

  readonly done = (error?: unknown): void => {
    if (error !== undefined && error !== null) this.#settle('failed', error)
    else this.#settle('done', undefined)
  }

  /** A throw or rejection: the answer if there was none yet, a stray error otherwise. */
  readonly fail = (error: unknown): void => {
    if (this.#state === 'open') this.#settle('failed', error)
    else this.#host.stray(blame(error, this.#step.owner.name, this.#chain), this.#subject)
  }

  answer(): Answer {
    if (this.#state === 'next') return this.#instead
    if (this.#state === 'done') return DONE
    if (this.#state === 'failed') throw this.#error
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  #settle(state: 'next' | 'done' | 'failed', error: unknown): void {
    if (this.#state !== 'open') {
      const name = this.#step.owner.name
      const twice = new StackError(
        'NEXT_TWICE',
        `${name} answered ${this.#chain} twice: next or done was called again`,
      )
      this.#host.stray(blame(twice, name, this.#chain), this.#subject)
      return
    }
    this.#state = state
    this.#error = error
    if (state === 'failed') this.#reject?.(error)
    else this.#resolve?.(state === 'done' ? DONE : this.#instead)
  }
}
