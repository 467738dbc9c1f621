import type { CallbackRule } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import { HandlerChain } from './chain.ts'
import type { Anything, ChainHost } from './step.ts'

/** The chain of a callback whose rule looks at the question first, or wants somebody to answer. */
export class QuestionChain extends HandlerChain {
  readonly #check: CallbackRule['check']
  readonly #unanswered: string | undefined

  constructor(name: string, host: ChainHost, rule: CallbackRule) {
    super(name, host, rule)
    this.#check = rule.check
    this.#unanswered = rule.unanswered
  }

  override run(
    subject: Anything,
    store: Anything,
    from: number = 0,
    to: number = this.steps.length,
  ): void | Promise<void> {
    if (from === 0) this.admit(subject)
    return super.run(subject, store, from, to)
  }

  /** @throws What the rule's check throws; StackError `CALLBACK_UNANSWERED`. */
  protected admit(subject: Anything): void {
    this.#check?.(subject)
    if (this.#unanswered === undefined || this.answered) return
    throw new StackError('CALLBACK_UNANSWERED', `nobody here answers ${this.name}: ${this.#unanswered}`)
  }
}
