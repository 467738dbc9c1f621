/** Executes a callback and notes what each handler did, for whoever asks why. */
import type { CallbackRule } from '../contract/index.ts'
import { stopsOf } from '../contract/index.ts'
import type { HandlerChain } from './chain.ts'
import { STACK } from './chain.ts'
import type { Note } from './noted.ts'
import { noted, noteOf } from './noted.ts'
import type { Anything } from './step.ts'

/**
 * A handler that fails has its error in its step.
 * @throws StackError `STACK_NOT_STARTED` alone.
 */
export async function traceChain(
  chain: HandlerChain,
  rule: CallbackRule | undefined,
  ctx: Anything,
  given: Anything,
  now: () => number,
): Promise<{ store: Anything; steps: Note[] }> {
  chain.checkStarted()
  const store = given ?? chain.newStore()
  const taker = {
    now,
    isAsked: (name: string): boolean => rule?.asks?.(ctx, name) ?? true,
    stops: rule === undefined ? undefined : stopsOf(rule),
    given: notedIn,
  }
  const steps: Note[] = []
  let guard: Note | undefined
  try {
    await chain.runWatched(
      (step) => {
        const note = noteOf(step)
        if (step.owner === STACK) guard = note
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
  // One that let everybody pass is nobody's answer.
  const isSilent = guard?.ended === false && guard.error === undefined
  return { store, steps: isSilent ? steps.filter((one) => one !== guard) : steps }
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
