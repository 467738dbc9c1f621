import type { CallbackRule } from '../contract/index.ts'
import type { Steps } from '../time/index.ts'
import { proceed } from '../time/index.ts'
import { HandlerChain } from './chain.ts'
import type { Anything, ChainHost, Step } from './step.ts'

/** The chain of a callback of the rule `each`: no failure and no done keeps a handler from being called. */
export class EachChain extends HandlerChain {
  readonly #stray: ChainHost['stray']

  constructor(name: string, host: ChainHost, rule: CallbackRule) {
    super(name, host, rule)
    this.#stray = host.stray
  }

  override run(
    subject: Anything,
    store: Anything,
    from: number = 0,
    to: number = this.steps.length,
  ): void | Promise<void> {
    if (from === 0 && this.isLookedAt()) return this.runLookedAt(subject, store)
    return this.runAll(this.steps, subject, store, from, to)
  }

  protected override runAll(
    steps: readonly Step[],
    subject: Anything,
    store: Anything,
    from: number,
    to: number,
  ): void | Promise<void> {
    for (let i = from; i < to; i++) {
      const later = this.#runOne(steps, subject, store, i)
      // Most handlers are done at once; from the first that is not on, the others wait for it.
      if (later !== undefined) return proceed(this.#runOthers(later, steps, subject, store, i + 1, to))
    }
  }

  #runOne(steps: readonly Step[], subject: Anything, store: Anything, i: number): void | Promise<void> {
    try {
      return this.runSteps(steps, subject, store, i, i + 1)
    } catch (error) {
      this.#stray(error as Error, subject)
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
        this.#stray(error as Error, subject)
      }
      if (i >= to) return
      later = this.#runOne(steps, subject, store, i)
    }
  }
}
