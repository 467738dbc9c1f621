/** How a backend stops. */
import type { MiddlewareLike } from '../contract/index.ts'
import { CALLBACKS } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { Parts } from './parts.ts'

/** From now on each callback that it answers fails with `BACKEND_STOPPED`. */
export function refuseCalls(backend: MiddlewareLike): void {
  const refuse = (): never => {
    throw new StackError('BACKEND_STOPPED', `${backend.name} has stopped`)
  }
  for (const name of Object.keys(CALLBACKS)) {
    const answers = typeof backend[name as 'relayMessage'] === 'function'
    if (answers) Object.defineProperty(backend, name, { value: refuse, configurable: true })
  }
}

/** Leaves its service, and closes its store; answers when all that was staged is written. */
export function closeParts({ disk, shared, sharedRetained }: Parts): void | Promise<void> {
  if (shared === undefined) return disk?.close()
  return Promise.all([shared.stop(), sharedRetained?.stop()]).then(() => disk?.close())
}
