import type { MiddlewareLike } from '../contract/index.ts'

/** A member of a middleware by its name, such as the handler of a callback; `undefined` where it has none. */
export function member(middleware: MiddlewareLike, name: string): unknown {
  return (middleware as unknown as Record<string, unknown>)[name]
}
