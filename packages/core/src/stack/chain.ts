/** The dispatcher: calls those who take part in one packet type, or in one callback, in their order. */
import type { CallbackRule, HandlerActivity } from '../contract/index.ts'
import { DONE } from '../contract/index.ts'
import { blame, StackError } from '../errors/index.ts'
import { Spacing } from '../time/index.ts'
import { refuseNotStarted } from './not-started.ts'
import { RunCount } from './run-count.ts'
import { Runner } from './runner.ts'
import type { Anything, ChainHost, Step } from './step.ts'
import { Tally } from './tally.ts'

/** Runs that are counted at once, at the next look. */
const MOST = 2 ** 29

/** Whose the guard of a rule is. */
export const STACK: Step['owner'] = { name: 'Stack' }

/** A chain of handlers; compiled by the stack, which gives it others when a middleware joins. */
export class HandlerChain extends Runner {
  steps: readonly Step[] = []
  /** How many runs began since they were counted last. */
  #runs = 0
  /** The run at which it is asked whether somebody looks on, and the one whose time is taken. */
  #due = 0
  #timed = 0
  #spacing = new Spacing()
  readonly #count: RunCount
  /** Called before the first step. No step itself: of each message one call is saved. */
  readonly #guard: CallbackRule['guard']
  readonly #newStore: (() => Anything) | undefined
  readonly #asks: CallbackRule['asks']

  /** @param rule Of a callback; packets have none. */
  constructor(name: string, host: ChainHost, rule?: CallbackRule) {
    super(name, host, rule)
    this.#guard = rule?.guard
    this.#newStore = rule?.newStore
    this.#count = new RunCount(name, rule?.merge === 'each' || rule?.merge === 'told')
    this.#asks = rule?.asks
  }

  /** Gives it its handlers; what they did before in this chain is kept. */
  use(handlers: readonly Omit<Step, 'tally'>[]): void {
    this.#countRuns()
    this.steps = handlers.map(({ owner, handler, asks }) => {
      return { owner, handler, asks, tally: this.#count.tallyOf(owner) }
    })
  }

  /** What each handler did; see `Observation`. */
  activity(): HandlerActivity[] {
    this.#countRuns()
    return this.#count.activity(this.steps)
  }

  /** Somebody looks on from now on, or no more. */
  rearm(): void {
    this.#due = 0
    this.#timed = 0
    this.#spacing = new Spacing()
  }

  /** Whether the time of the run that begins is taken, where that is done once in `every` runs at least. */
  isTimed(now: number, every: number): boolean {
    if (this.#runs < this.#timed) return false
    this.#timed = this.#runs + this.#spacing.next(now, every)
    return true
  }

  /** @throws StackError `STACK_NOT_STARTED` where somebody who answers wants to be started first. */
  checkStarted(): void {
    if (this.host.isIdle()) refuseNotStarted(this.name, this.steps)
  }

  /** The next run that somebody may want to see; before the start all are looked at. */
  #nextDue(): number {
    const { isFollowed, isTimed } = this.host.watch
    if (isFollowed || this.host.isIdle()) return this.#runs
    return isTimed ? this.#timed : MOST
  }

  /** Whether a middleware is asked at all. */
  isAsked(subject: Anything, middleware: string): boolean {
    return this.#asks?.(subject, middleware) ?? true
  }

  /** A run passed over somebody who is not asked. */
  passOver(owner: Step['owner']): void {
    this.#count.tallyOf(owner).passed++
  }

  /** A store of the callback, as its rule makes it, for those who bring none. */
  newStore(): Anything {
    return this.#newStore === undefined ? {} : this.#newStore()
  }

  /** Whether anybody takes part. */
  get answered(): boolean {
    return this.steps.length > 0
  }

  /** Who takes part, where nobody else does and nobody follows. */
  get sole(): Step['owner'] | undefined {
    return this.steps.length === 1 && !this.host.watch.isFollowed ? this.steps[0].owner : undefined
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
    if (from === 0) {
      if (this.isLookedAt()) return this.runLookedAt(subject, store)
      if (to > 0 && this.#guard !== undefined && this.#isBarred(this.#guard, subject, store)) return
    }
    return this.runSteps(this.steps, subject, store, from, to)
  }

  /** Counts a run that begins; whether somebody may want to see it. */
  protected isLookedAt(): boolean {
    return ++this.#runs >= this.#due
  }

  /** Those who look on are asked whether they want to see this run. */
  protected runLookedAt(subject: Anything, store: Anything): void | Promise<void> {
    const { watch } = this.host
    this.checkStarted()
    if (this.#runs > MOST) this.#countOthers()
    const run = watch.begin(this, subject, store)
    this.#due = this.#nextDue()
    const steps = run?.steps ?? this.steps
    try {
      const later = this.#runGuarded(steps, subject, store)
      if (later === undefined) run?.end()
      else if (run !== undefined) later.then(() => run.end(), run.end)
      return later
    } catch (error) {
      run?.end(error)
      throw error
    }
  }

  #runGuarded(steps: readonly Step[], subject: Anything, store: Anything): void | Promise<void> {
    const isGuarded = steps.length > 0 && this.#guard !== undefined
    if (isGuarded && this.#isBarred(this.#guard, subject, store)) return
    return this.runAll(steps, subject, store, 0, steps.length)
  }

  /** Those before the one that begins: of so many the number would be no small integer any more. */
  #countOthers(): void {
    this.#runs--
    this.#countRuns()
    this.#runs = 1
  }

  #countRuns(): void {
    this.#count.add(this.#runs, this.steps)
    this.#due -= this.#runs
    this.#timed -= this.#runs
    this.#runs = 0
  }

  /** Calls handlers by the rule of the chain. */
  protected runAll(
    steps: readonly Step[],
    subject: Anything,
    store: Anything,
    from: number,
    to: number,
  ): void | Promise<void> {
    return this.runSteps(steps, subject, store, from, to)
  }

  /** As {@link run}, with each step as `watch` makes it; the guard is one. */
  runWatched(watch: (step: Step) => Step, subject: Anything, store: Anything): void | Promise<void> {
    const guard = this.#guard
    const { stack } = this.host
    const handler: Step['handler'] = (ctx, given) => guard?.(ctx, given, stack)
    const tally = new Tally()
    const first = guard === undefined || !this.answered ? [] : [{ owner: STACK, handler, asks: false, tally }]
    const steps = [...first, ...this.steps].map(watch)
    return this.runSteps(steps, subject, store, 0, steps.length)
  }

  /** Asks the guard whether the chain is over before it begins. */
  #isBarred(guard: NonNullable<CallbackRule['guard']>, subject: Anything, store: Anything): boolean {
    let answer: unknown
    try {
      answer = guard(subject, store, this.host.stack)
    } catch (error) {
      throw blame(error, STACK.name, this.name)
    }
    if (answer === undefined) return false
    if (answer !== DONE) throw this.refuseAnswer(STACK, answer)
    this.#count.barred++
    this.ended?.(store)
    return true
  }

  /**
   * Calls the handlers that stand behind that of `owner`.
   * @throws StackError `MIDDLEWARE_INVALID` where it takes no part.
   */
  runBehind(owner: Step['owner'], subject: Anything, store: Anything): void | Promise<void> {
    const at = this.steps.findIndex((step) => step.owner === owner)
    if (at < 0) throw new StackError('MIDDLEWARE_INVALID', `${owner.name} takes no part in ${this.name}`)
    if (at + 1 < this.steps.length) this.steps[at + 1].tally.entered++
    return this.run(subject, store, at + 1)
  }

  /** Calls every handler, whatever becomes of the others; each error goes to `report`. */
  tell(subject: Anything, report: (error: Error) => void): void {
    if (!this.isLookedAt()) {
      this.#tellAll(this.steps, subject, report)
      return
    }
    const { watch } = this.host
    if (this.#runs > MOST) this.#countOthers()
    const run = watch.begin(this, subject, undefined)
    this.#due = this.#nextDue()
    this.#tellAll(run?.steps ?? this.steps, subject, report)
    run?.end()
  }

  #tellAll(steps: readonly Step[], subject: Anything, report: (error: Error) => void): void {
    for (let i = 0; i < steps.length; i++) {
      try {
        this.runSteps(steps, subject, this.newStore(), i, i + 1)?.catch(report)
      } catch (error) {
        report(error as Error)
      }
    }
  }
}
