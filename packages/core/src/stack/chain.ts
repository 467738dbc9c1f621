/** The dispatcher: calls those who take part in one packet type, or in one callback, in their order. */
import type { CallbackRule, Instead } from '../contract/index.ts'
import { DONE, isInstead, stopsOf } from '../contract/index.ts'
import { blame, StackError } from '../errors/index.ts'
import { bounded } from '../time/index.ts'
import { isPromise } from './is-promise.ts'
import { replace } from './replace.ts'
import { SingleAnswer } from './single-answer.ts'
import type { Answer, Anything, ChainHost, Settled, Step } from './step.ts'
import { Waiting } from './waiting.ts'

/** Whose the guard of a rule is. */
const STACK: Step['owner'] = { name: 'Stack' }

/** A chain of handlers; compiled by the stack, which replaces `steps` when a middleware joins. */
export class HandlerChain {
  readonly name: string
  steps: readonly Step[] = []
  /** Called before the first step. No step itself: of each message one call is saved. */
  readonly #guard: CallbackRule['guard']
  /** Whether what is in the store ends the chain. */
  readonly #stops: ((store: Anything) => boolean) | undefined
  /** The first no ends the chain: asked for each message, and so here and not by a call of `stops`. */
  readonly #isVeto: boolean
  /** Told that a handler ended the chain with `done`. */
  readonly #ended: ((store: Anything) => void) | undefined
  readonly #newStore: (() => Anything) | undefined
  readonly #synchronous: boolean
  /** Of packets, not of a callback: its store is the packet, and another may be put in its place. */
  readonly #ofPackets: boolean
  readonly #host: ChainHost
  /** The last handler that was waited for. */
  #waiting: Waiting | undefined

  /** @param rule Of a callback; packets have none. */
  constructor(name: string, host: ChainHost, rule?: CallbackRule) {
    this.name = name
    this.#host = host
    this.#guard = rule?.guard
    this.#stops = rule === undefined ? undefined : stopsOf(rule)
    this.#isVeto = rule?.merge === 'veto' && rule.stops === undefined
    this.#ended = rule?.ended
    this.#newStore = rule?.newStore
    this.#synchronous = rule?.synchronous === true
    this.#ofPackets = rule === undefined
  }

  /** A store of the callback, as its rule makes it, for those who bring none. */
  newStore(): Anything {
    return this.#newStore === undefined ? {} : this.#newStore()
  }

  /** Whether anybody takes part. */
  get answered(): boolean {
    return this.steps.length > 0
  }

  /** Who takes part, where nobody else does. */
  get sole(): Step['owner'] | undefined {
    return this.steps.length === 1 ? this.steps[0].owner : undefined
  }

  /**
   * Calls the handlers in order. Answers nothing when all answered at once, a promise otherwise; throws, or rejects
   * with, the first handler's error.
   */
  run(
    subject: Anything,
    store: Anything,
    from: number = 0,
    to: number = this.steps.length,
  ): void | Promise<void> {
    if (from === 0 && to > 0 && this.#guard !== undefined && this.#isBarred(this.#guard, subject, store))
      return
    return this.runSteps(this.steps, subject, store, from, to)
  }

  /** As {@link run}, with each step as `watch` makes it; the guard is one. */
  runWatched(watch: (step: Step) => Step, subject: Anything, store: Anything): void | Promise<void> {
    const guard = this.#guard
    const { stack } = this.#host
    const handler: Step['handler'] = (ctx, given) => guard?.(ctx, given, stack)
    const first = guard === undefined || !this.answered ? [] : [{ owner: STACK, handler, asks: false }]
    const steps = [...first, ...this.steps].map(watch)
    return this.runSteps(steps, subject, store, 0, steps.length)
  }

  /** Asks the guard whether the chain is over before it begins. */
  #isBarred(guard: NonNullable<CallbackRule['guard']>, subject: Anything, store: Anything): boolean {
    let answer: unknown
    try {
      answer = guard(subject, store, this.#host.stack)
    } catch (error) {
      throw blame(error, STACK.name, this.name)
    }
    if (answer === undefined) return false
    if (answer !== DONE) throw this.#refuseAnswer(STACK, answer)
    this.#ended?.(store)
    return true
  }

  /** With the steps that the chain had when it began: who joins or leaves meanwhile is in the next run. */
  protected runSteps(
    steps: readonly Step[],
    subject: Anything,
    store: Anything,
    from: number,
    to: number,
  ): void | Promise<void> {
    const stops = this.#stops
    const isVeto = this.#isVeto
    let given = store
    for (let i = from; i < to; i++) {
      const step = steps[i]
      let answer: Answer
      try {
        answer = step.asks
          ? this.#callWithNext(step, subject, given)
          : step.handler.call(step.owner, subject, given)
      } catch (error) {
        throw blame(error, step.owner.name, this.name)
      }
      if (answer === DONE) {
        this.#ended?.(given)
        return
      }
      if (answer !== undefined) {
        if (isPromise(answer) && !this.#synchronous) return this.#wait(answer, steps, subject, given, i, to)
        if (isPromise(answer)) throw this.#refuseLateAnswer(step, answer, subject)
        if (isInstead(answer)) given = this.#replace(step, given, answer)
        else if (this.#host.strict) throw this.#refuseAnswer(step.owner, answer)
      }
      if (isVeto ? given.valid === false : stops?.(given)) return
    }
  }

  /**
   * Calls the handlers that stand behind that of `owner`.
   * @throws StackError `MIDDLEWARE_INVALID` where it takes no part.
   */
  runBehind(owner: Step['owner'], subject: Anything, store: Anything): void | Promise<void> {
    const at = this.steps.findIndex((step) => step.owner === owner)
    if (at < 0) throw new StackError('MIDDLEWARE_INVALID', `${owner.name} takes no part in ${this.name}`)
    return this.run(subject, store, at + 1)
  }

  /** Calls every handler, whatever becomes of the others; each error goes to `report`. */
  tell(subject: Anything, report: (error: Error) => void): void {
    for (let i = 0; i < this.steps.length; i++) {
      try {
        this.run(subject, this.newStore(), i, i + 1)?.catch(report)
      } catch (error) {
        report(error as Error)
      }
    }
  }

  #refuseAnswer({ name }: Step['owner'], answer: unknown): Error {
    const error = new StackError(
      'ANSWER_INVALID',
      `${name} answered ${this.name} with ${String(answer)}: return nothing, DONE${this.#ofPackets ? ', instead(packet)' : ''} or a promise`,
    )
    return blame(error, name, this.name)
  }

  /** Nobody waits for it: what it comes to all the same is reported where it fails. */
  #refuseLateAnswer(step: Step, answer: Promise<Settled>, subject: Anything): Error {
    const { name } = step.owner
    answer.then(undefined, (error) => this.#host.stray(blame(error, name, this.name), subject))
    const error = new StackError('ANSWER_INVALID', `${name} answered ${this.name} later: answer it by return`)
    return blame(error, name, this.name)
  }

  /** The packet for those behind a handler that puts another in its place. */
  #replace(step: Step, packet: Anything, answer: Instead): Anything {
    if (!this.#ofPackets) throw this.#refuseAnswer(step.owner, 'instead(), which is for packets')
    try {
      return replace(step.owner.name, packet, answer, this.#host.strict)
    } catch (error) {
      throw blame(error, step.owner.name, this.name)
    }
  }

  /** Waits for a handler, but not for ever, then goes on behind it. */
  #wait(
    answer: Promise<Settled>,
    steps: readonly Step[],
    subject: Anything,
    store: Anything,
    at: number,
    to: number,
  ): Promise<void> {
    const step = steps[at]
    // Many may wait for one commit: it is watched once.
    const known = this.#waiting?.isFor(answer, step) === true ? this.#waiting : undefined
    const waiting = known ?? new Waiting(answer, step, this.name, subject, this.#host)
    this.#waiting = waiting
    if (at + 1 === to && this.#isPlain) {
      waiting.whole ??= bounded(waiting.answered.then((value) => this.#checkLast(step, value)))
      return waiting.whole
    }
    const whole = waiting.answered.then((value) => {
      if (value === DONE) {
        this.#ended?.(store)
        return
      }
      const given = isInstead(value) ? this.#replace(step, store, value) : store
      if (given === store) this.#checkLast(step, value)
      if (this.#stops?.(given)) return
      return this.runSteps(steps, subject, given, at + 1, to)
    })
    return bounded(whole)
  }

  /** Nothing is done to its store when it ends: what it answers is the same for all who wait for one handler. */
  get #isPlain(): boolean {
    return this.#ended === undefined && !this.#ofPackets
  }

  #checkLast(step: Step, value: Settled): void {
    if (value === undefined || value === DONE) return
    if (isInstead(value)) throw this.#refuseAnswer(step.owner, 'instead(), which is for packets')
    if (this.#host.strict && !step.asks) throw this.#refuseAnswer(step.owner, value)
  }

  /** Calls a handler that declares `next`: whatever it does afterwards cannot move the chain again. */
  #callWithNext(step: Step, subject: Anything, store: Anything): Answer {
    const guard = new SingleAnswer(this.name, step, this.#host, subject)
    let returned: unknown
    try {
      returned = step.handler.call(step.owner, subject, store, guard.next, guard.done)
    } catch (error) {
      guard.fail(error)
    }
    if (returned === DONE && this.#host.strict)
      guard.fail(this.#refuseAnswer(step.owner, 'DONE although it declares next'))
    if (returned !== undefined && isPromise(returned)) returned.then(undefined, guard.fail)
    return guard.answer()
  }
}
