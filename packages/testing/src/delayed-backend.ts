import type { MiddlewareLike } from '@mqtt-stack/core'
import { CALLBACKS, Publish } from '@mqtt-stack/core'

/** A backend for tests: it does what `inner` does after a wait, and answers after another. */
export function delayedBackend(inner: MiddlewareLike, wait: () => Promise<void>): MiddlewareLike {
  const backend: MiddlewareLike & Record<string, unknown> = {
    name: 'DelayedBackend',
    last: true,
    uses: inner.uses,
    start() {
      inner.stack = backend.stack
      return inner.start?.()
    },
    stop: () => inner.stop?.(),
  }
  const handlers = inner as unknown as Record<string, ((ctx: object, store: object) => unknown) | undefined>
  for (const name of Object.keys(CALLBACKS)) {
    if (handlers[name] === undefined) continue
    backend[name] = async (ctx: { packet?: unknown }, store: object): Promise<void> => {
      // Kept beyond the turn.
      if (ctx.packet instanceof Publish) ctx.packet.own()
      await wait()
      await handlers[name]?.(ctx, store)
      await wait()
    }
  }
  return backend
}
