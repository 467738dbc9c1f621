/** Calls the handlers of a chain, one after the other, and keeps to what its callback says of their answers. */
import type { CallbackRule, Instead } from '../contract/index.ts'
import { DONE, isInstead, stopsOf } from '../contract/index.ts'
import { blame, StackError } from '../errors/index.ts'
import { bounded } from '../time/index.ts'
import { isPromise } from './is-promise.ts'
import { replace } from './replace.ts'
import { SingleAnswer } from './single-answer.ts'
import type { Answer, Anything, ChainHost, Settled, Step } from './step.ts'
import { Waiting } from './waiting.ts'

export class Runner {
  readonly name: string
  /** Whether what is in the store ends the chain. */
  readonly stops: ((store: Anything) => boolean) | undefined
  /** Told that a handler ended the chain with `done`. */
  protected readonly ended: ((store: Anything) => void) | undefined
  protected readonly host: ChainHost
  /** The first no ends the chain: asked for each message, and so here and not by a call of `stops`. */
  readonly #isVeto: boolean
  readonly #synchronous: boolean
  /** Of packets, not of a callback: its store is the packet, and another may be put in its place. */
  readonly #ofPackets: boolean
  /** The last handler that was waited for. */
  #waiting: Waiting | undefined

  constructor(name: string, host: ChainHost, rule: CallbackRule | undefined) {
    this.name = name
    this.host = host
    this.stops = rule === undefined ? undefined : stopsOf(rule)
    this.ended = rule?.ended
    this.#isVeto = rule?.merge === 'veto' && rule.stops === undefined
    this.#synchronous = rule?.synchronous === true
    this.#ofPackets = rule === undefined
  }

  /** With the steps that the chain had when it began: who joins or leaves meanwhile is in the next run. */
  protected runSteps(
    steps: readonly Step[],
    subject: Anything,
    store: Anything,
    from: number,
    to: number,
  ): void | Promise<void> {
    const { stops } = this
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
        step.tally.errors++
        throw blame(error, step.owner.name, this.name)
      }
      if (answer === DONE) {
        step.tally.ended++
        this.ended?.(given)
        return
      }
      if (answer !== undefined) {
        if (isPromise(answer) && !this.#synchronous) return this.#wait(answer, steps, subject, given, i, to)
        if (isPromise(answer)) throw this.#refuseLateAnswer(step, answer, subject)
        if (isInstead(answer)) given = this.#replace(step, given, answer)
        else if (this.host.strict) throw this.refuseAnswer(step.owner, answer)
      }
      if (isVeto ? given.valid === false : stops?.(given)) {
        step.tally.ended++
        return
      }
    }
  }

  protected refuseAnswer({ name }: Step['owner'], answer: unknown): Error {
    const error = new StackError(
      'ANSWER_INVALID',
      `${name} answered ${this.name} with ${String(answer)}: return nothing, DONE${this.#ofPackets ? ', instead(packet)' : ''} or a promise`,
    )
    return blame(error, name, this.name)
  }

  /** Nobody waits for it: what it comes to all the same is reported where it fails. */
  #refuseLateAnswer(step: Step, answer: Promise<Settled>, subject: Anything): Error {
    const { name } = step.owner
    answer.then(undefined, (error) => this.host.stray(blame(error, name, this.name), subject))
    const error = new StackError('ANSWER_INVALID', `${name} answered ${this.name} later: answer it by return`)
    return blame(error, name, this.name)
  }

  /** The packet for those behind a handler that puts another in its place. */
  #replace(step: Step, packet: Anything, answer: Instead): Anything {
    if (!this.#ofPackets) throw this.refuseAnswer(step.owner, 'instead(), which is for packets')
    try {
      return replace(step.owner.name, packet, answer, this.host.strict)
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
    const waiting = known ?? new Waiting(answer, step, this.name, subject, this.host)
    this.#waiting = waiting
    if (at + 1 === to && this.#isPlain) {
      waiting.whole ??= bounded(waiting.answered.then((value) => this.#checkLast(step, value)))
      return waiting.whole
    }
    const { tally } = step
    tally.waiting++
    const goOn = (value: Settled): void | Promise<void> => {
      tally.waiting--
      if (value === DONE) {
        tally.ended++
        this.ended?.(store)
        return
      }
      const given = isInstead(value) ? this.#replace(step, store, value) : store
      if (given === store) this.#checkLast(step, value)
      if (this.stops?.(given)) {
        tally.ended++
        return
      }
      // Many may have waited for one thing: they go on in turns.
      const { pace } = this.host.stack
      if (pace.spent) return pace.rest().then(() => this.runSteps(steps, subject, given, at + 1, to))
      return this.runSteps(steps, subject, given, at + 1, to)
    }
    const fail = (error: unknown): never => {
      tally.waiting--
      tally.errors++
      throw error
    }
    return bounded(waiting.answered.then(goOn, fail))
  }

  /** Nothing is done to its store when it ends: what it answers is the same for all who wait for one handler. */
  get #isPlain(): boolean {
    return this.ended === undefined && !this.#ofPackets
  }

  #checkLast(step: Step, value: Settled): void {
    if (value === undefined || value === DONE) return
    if (isInstead(value)) throw this.refuseAnswer(step.owner, 'instead(), which is for packets')
    if (this.host.strict && !step.asks) throw this.refuseAnswer(step.owner, value)
  }

  /** Calls a handler that declares `next`: whatever it does afterwards cannot move the chain again. */
  #callWithNext(step: Step, subject: Anything, store: Anything): Answer {
    const guard = new SingleAnswer(this.name, step, this.host, subject)
    let returned: unknown
    try {
      returned = step.handler.call(step.owner, subject, store, guard.next, guard.done)
    } catch (error) {
      guard.fail(error)
    }
    if (returned === DONE && this.host.strict)
      guard.fail(this.refuseAnswer(step.owner, 'DONE although it declares next'))
    if (returned !== undefined && isPromise(returned)) returned.then(undefined, guard.fail)
    return guard.answer()
  }
}
