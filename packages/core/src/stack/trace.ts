/** Executes a callback and notes what each handler did, for whoever asks why. */
import type { CallbackRule } from '../contract/index.ts'
import { stopsOf } from '../contract/index.ts'
import type { HandlerChain } from './chain.ts'
import type { Note } from './noted.ts'
import { noted, noteOf } from './noted.ts'
import type { Anything } from './step.ts'

/** Resolves in any case: a handler that fails has its error in its step. */
export async function traceChain(
  chain: HandlerChain,
  rule: CallbackRule | undefined,
  ctx: Anything,
  given: Anything,
  now: () => number,
): Promise<{ store: Anything; steps: Note[] }> {
  const store = given ?? chain.newStore()
  const taker = {
    now,
    isAsked: (name: string): boolean => rule?.asks?.(ctx, name) ?? true,
    stops: rule === undefined ? undefined : stopsOf(rule),
    given: notedIn,
  }
  const steps: Note[] = []
  try {
    await chain.runWatched(
      (step) => {
        const note = noteOf(step)
        steps.push(note)
        return noted(step, note, taker)
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

/** A plain store notes what is set in it, also to what it is already. Others may have private fields. */
function notedIn({ said }: Note, store: Anything): Anything {
  if (Object.getPrototypeOf(store) !== Object.prototype) return store
  return new Proxy(store, {
    set(target, key, value) {
      said[String(key)] = value
      return Reflect.set(target, key, value)
    },
  })
}
