import type { ClientConnection } from '../connection/index.ts'
import type { MiddlewareLike } from '../contract/index.ts'
import { blame } from '../errors/index.ts'

/** Calls each middleware's `install`, then begins to read. */
export function install(
  client: ClientConnection,
  middlewares: readonly MiddlewareLike[],
  fail: (error: Error) => void,
): void {
  if (client.closed) return
  for (const middleware of middlewares) {
    try {
      middleware.install?.(client)
    } catch (error) {
      fail(blame(error, middleware.name, 'install'))
      client.close()
      return
    }
    if (client.diverted) break
  }
  client.read()
}
