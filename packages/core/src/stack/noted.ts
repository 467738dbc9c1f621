/** A handler that is called as ever, while it is noted what it did and how long it took. */
import { DONE } from '../contract/index.ts'
import { isPromise } from './is-promise.ts'
import type { Anything, Settled, Step } from './step.ts'

/** What is noted of a handler; see `TraceStep`. */
export interface Note {
  readonly middleware: string
  asked: boolean
  said: Record<string, unknown>
  ended: boolean
  error: Error | undefined
  milliseconds: number | undefined
}

/** How handlers of one run are noted. */
export interface NoteTaker {
  readonly now: () => number
  /** Whether a middleware is asked, and what ends the chain, by the callback's rule. */
  readonly isAsked: (middleware: string) => boolean
  readonly stops: ((store: Anything) => boolean) | undefined
  /** The store that the handler is given. */
  readonly given?: (note: Note, store: Anything) => Anything
}

export function noteOf(step: Step): Note {
  return {
    middleware: step.owner.name,
    asked: false,
    said: {},
    ended: false,
    error: undefined,
    milliseconds: undefined,
  }
}

/** The step with a handler that fills in `note`. The chain gets the answer of the handler itself. */
export function noted(step: Step, note: Note, { now, isAsked, stops, given }: NoteTaker): Step {
  const handler = (ctx: Anything, store: Anything, next: Anything, done: Anything): Anything => {
    note.asked = isAsked(note.middleware)
    const before = copyOf(store)
    const since = now()
    const end = (answer: Settled): void => {
      note.milliseconds ??= now() - since
      Object.assign(note.said, changesOf(before, store))
      note.ended = answer === DONE || stops?.(store) === true
    }
    const fail = (error: unknown): void => {
      note.milliseconds ??= now() - since
      note.error ??= error as Error
    }
    const goOn = (answer?: unknown): void => {
      if (answer instanceof Error) fail(answer)
      else end(undefined)
      next(answer)
    }
    const stop = (error?: unknown): void => {
      if (error === undefined || error === null) end(DONE)
      else fail(error)
      done(error)
    }
    let answer: Anything
    try {
      answer = step.handler.call(step.owner, ctx, given?.(note, store) ?? store, goOn, stop)
    } catch (error) {
      fail(error)
      throw error
    }
    if (answer !== undefined && isPromise(answer)) answer.then(step.asks ? undefined : end, fail)
    else if (!step.asks) end(answer)
    return answer
  }
  return { ...step, handler }
}

/** The step with a handler whose time is taken, until it has answered. */
export function timed(step: Step, now: () => number): Step {
  const { tally } = step
  const handler = (ctx: Anything, store: Anything, next: Anything, done: Anything): Anything => {
    const since = now()
    let isOpen = true
    const end = (): void => {
      if (isOpen) tally.took(now() - since)
      isOpen = false
    }
    const ending =
      (answer: (error?: unknown) => void) =>
      (error?: unknown): void => {
        end()
        answer(error)
      }
    let answer: Anything
    try {
      answer = step.asks
        ? step.handler.call(step.owner, ctx, store, ending(next), ending(done))
        : step.handler.call(step.owner, ctx, store)
    } catch (error) {
      end()
      throw error
    }
    if (answer !== undefined && isPromise(answer)) answer.then(step.asks ? undefined : end, end)
    else if (!step.asks) end()
    return answer
  }
  return { ...step, handler }
}

/** Lists are changed in place. */
function copyOf(store: Anything): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(store).map(([key, value]) => [key, Array.isArray(value) ? [...value] : value]),
  )
}

function changesOf(before: Readonly<Record<string, unknown>>, store: Anything): Record<string, unknown> {
  const now = copyOf(store)
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => !isSame(before[key], value)))
}

function isSame(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other
  return one.length === other.length && one.every((value, i) => value === other[i])
}
