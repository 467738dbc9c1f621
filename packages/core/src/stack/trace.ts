/** Executes a callback and notes what each handler did, for whoever asks why. */
import type { CallbackRule } from '../contract/index.ts'
import { DONE, stopsOf } from '../contract/index.ts'
import type { HandlerChain } from './chain.ts'
import { isPromise } from './is-promise.ts'
import type { Anything, Settled, Step } from './step.ts'

/** What is noted of a handler; see `TraceStep`. */
interface Note {
  readonly middleware: string
  asked: boolean
  said: Record<string, unknown>
  ended: boolean
  error: Error | undefined
}

/** Resolves in any case: a handler that fails has its error in its step. */
export async function traceChain(
  chain: HandlerChain,
  rule: CallbackRule | undefined,
  ctx: Anything,
  given: Anything,
): Promise<{ store: Anything; steps: Note[] }> {
  const store = given ?? chain.newStore()
  const stops = rule === undefined ? undefined : stopsOf(rule)
  const isAsked = (name: string): boolean => rule?.asks?.(ctx, name) ?? true
  const steps: Note[] = []
  try {
    await chain.runWatched(
      (step) => {
        const note = { middleware: step.owner.name, asked: false, said: {}, ended: false, error: undefined }
        steps.push(note)
        return watched(step, note, isAsked, stops)
      },
      ctx,
      store,
    )
  } catch (error) {
    const failed = steps.findLast(({ asked }) => asked)
    if (failed !== undefined) failed.error = error as Error
  }
  return { store, steps }
}

function watched(
  step: Step,
  note: Note,
  isAsked: (name: string) => boolean,
  stops: ((store: Anything) => boolean) | undefined,
): Step {
  const handler = (ctx: Anything, store: Anything, next: Anything, done: Anything): Anything => {
    note.asked = isAsked(note.middleware)
    const before = copyOf(store)
    const end = <T extends Settled>(answer: T): T => {
      Object.assign(note.said, changesOf(before, store))
      note.ended = answer === DONE || stops?.(store) === true
      return answer
    }
    const goOn = (error?: unknown): void => {
      end(undefined)
      next(error)
    }
    const stop = (): void => {
      end(DONE)
      done()
    }
    const answer = step.handler.call(step.owner, ctx, notedIn(note.said, store), goOn, stop)
    if (step.asks) return answer
    return answer !== undefined && isPromise(answer) ? answer.then(end) : end(answer)
  }
  return { ...step, handler }
}

/** A plain store notes what is set in it, also to what it is already. Others may have private fields. */
function notedIn(said: Record<string, unknown>, store: Anything): Anything {
  if (Object.getPrototypeOf(store) !== Object.prototype) return store
  return new Proxy(store, {
    set(target, key, value) {
      said[String(key)] = value
      return Reflect.set(target, key, value)
    },
  })
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
