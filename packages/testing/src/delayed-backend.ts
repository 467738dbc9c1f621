import type { MiddlewareLike, Packet } from '@mqtt-stack/core'
import { CALLBACKS } from '@mqtt-stack/core'

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
    backend[name] = async (ctx: { packet?: Packet }, store: object): Promise<void> => {
      // Kept beyond the turn.
      if (ctx.packet?.cmd === 'publish') ctx.packet.own()
      await wait()
      await handlers[name]?.(ctx, store)
      await wait()
    }
  }
  return backend
}
