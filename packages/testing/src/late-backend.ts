import type { CallbackName, MiddlewareLike } from '@mqtt-stack/core'
import { CALLBACKS } from '@mqtt-stack/core'

export interface LateOptions {
  /** How long the n-th call takes; by default between none and four turns of the event loop. */
  wait?: (call: number) => Promise<void>
  /** Calls `ctx.stage()` once the store calls of a relay are made, as a backend does that commits later. */
  stages?: boolean
}

/**
 * A backend for tests: does at once what `inner` does, in call order, and answers later, in the same
 * order. What it found is seen by nobody before it answers.
 */
export function lateBackend(
  inner: MiddlewareLike,
  { wait = someTurns, stages = false }: LateOptions = {},
): MiddlewareLike {
  let calls = 0
  let answered: Promise<unknown> = Promise.resolve()
  const backend: MiddlewareLike = {
    name: 'LateBackend',
    last: true,
    uses: inner.uses,
    start() {
      inner.stack = backend.stack
      return inner.start?.()
    },
    stop: () => inner.stop?.(),
  }
  const handlers = inner as unknown as Record<string, (ctx: object, store: object) => void | Promise<void>>

  function inOrder(run: Promise<void>): Promise<void> {
    const before = answered
    const mine = Promise.all([run, before.catch(() => {}), wait(calls++)]).then(() => {})
    answered = mine.catch(() => {})
    return mine
  }

  /** A relay takes as long as its store calls do: they must not wait for it. */
  async function relay(ctx: object, store: object): Promise<void> {
    const later = handlers.relayMessage.call(inner, ctx, store)
    if (stages) (ctx as { stage(): void }).stage()
    await later
    await wait(calls++)
  }

  async function answer(name: string, ctx: object, store: object): Promise<void> {
    const found: object = Array.isArray(store) ? [] : { ...store }
    const later = handlers[name].call(inner, ctx, found)
    await (name === 'openSession' || name === 'closeSession' ? later : inOrder(Promise.resolve(later)))
    if (Array.isArray(store)) store.push(...(found as unknown[]))
    else Object.assign(store, found)
  }

  for (const name of Object.keys(CALLBACKS) as CallbackName[]) {
    if (typeof handlers[name] !== 'function') continue
    const run = name === 'relayMessage' ? relay : (ctx: object, store: object) => answer(name, ctx, store)
    Object.assign(backend, { [name]: (ctx: object, store: object) => run(ctx, store) })
  }
  return backend
}

/** Takes from none to four turns, always the same for the same call. */
function someTurns(call: number): Promise<void> {
  return turns((call * 7 + (call >> 2)) % 5)
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
