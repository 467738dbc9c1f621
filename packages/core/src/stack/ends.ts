/** Handlers that end chains, told to whoever watches for that: nothing else of a run is looked at. */
import type { EndedRun, EndWatcher, MiddlewareLike } from '../contract/index.ts'
import { DONE, isInstead } from '../contract/index.ts'
import { isPromise } from './is-promise.ts'
import type { Anything, Step } from './step.ts'

type UnusedStep = Omit<Step, 'tally'>
type Tell = (ctx: Anything, store: Anything, error?: unknown) => void
type Stops = ((store: Anything) => boolean) | undefined

export class Ends {
  readonly #watchers = new Set<EndWatcher>()
  /** Takes what a watcher throws. */
  readonly #fail: (error: Error) => void

  constructor(fail: (error: Error) => void) {
    this.#fail = fail
  }

  add(watcher: EndWatcher): void {
    this.#watchers.add(watcher)
  }

  /** Whether it watched. */
  remove(watcher: EndWatcher): boolean {
    return this.#watchers.delete(watcher)
  }

  /** The step as it is where nobody wants to hear of its ends; otherwise one that is told. */
  heard(step: UnusedStep, callback: string, stops: Stops): UnusedStep {
    const owner = step.owner as MiddlewareLike
    const watchers = [...this.#watchers].filter((one) => one.wants(callback, owner))
    if (watchers.length === 0) return step
    const about = { callback, middleware: owner.name }
    const tell: Tell = (ctx, store, error) => {
      for (const one of watchers)
        this.#tellOne(one, { ...about, ctx, store, error: error as Error | undefined })
    }
    return { ...step, handler: step.asks ? asking(step, stops, tell) : answering(step, stops, tell) }
  }

  #tellOne(watcher: EndWatcher, run: EndedRun): void {
    if (!this.#watchers.has(watcher)) return
    try {
      watcher.ended(run)
    } catch (error) {
      this.#watchers.delete(watcher)
      this.#fail(error as Error)
    }
  }
}

/** Of a handler that answers by return, or by a promise. */
function answering({ owner, handler }: UnusedStep, stops: Stops, tell: Tell): Step['handler'] {
  // Apart, so that what is answered at once makes no closure.
  const hearLater = (answer: Promise<unknown>, ctx: Anything, store: Anything): void => {
    const hear = (value: unknown): void => {
      if (value === DONE || stops?.(store) === true) tell(ctx, store)
    }
    answer.then(hear, (error) => tell(ctx, store, error))
  }
  return (ctx, store) => {
    let answer: Anything
    try {
      answer = handler.call(owner, ctx, store)
    } catch (error) {
      tell(ctx, store, error)
      throw error
    }
    if (answer !== undefined && isPromise(answer)) hearLater(answer, ctx, store)
    else if (answer === DONE || stops?.(store) === true) tell(ctx, store)
    return answer
  }
}

/** Of a handler that declares `next`: its first answer counts. */
function asking({ owner, handler }: UnusedStep, stops: Stops, tell: Tell): Step['handler'] {
  return (ctx, store, next, done) => {
    let isOpen = true
    const end = (isDone: boolean, error?: unknown): void => {
      if (!isOpen) return
      isOpen = false
      const failed = error !== undefined && error !== null && !isInstead(error)
      if (failed || isDone || stops?.(store) === true) tell(ctx, store, failed ? error : undefined)
    }
    const goOn = (error?: unknown): void => {
      end(false, error)
      next(error)
    }
    const stop = (error?: unknown): void => {
      end(true, error)
      done(error)
    }
    let returned: unknown
    try {
      returned = handler.call(owner, ctx, store, goOn, stop)
    } catch (error) {
      end(true, error)
      throw error
    }
    if (returned !== undefined && isPromise(returned)) returned.then(undefined, (error) => end(true, error))
    return returned
  }
}
