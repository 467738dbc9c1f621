/** A stack as text: who handles, answers and executes what. Errors of `start()` end with it. */
import type { CallbackRule, MiddlewareLike } from '../contract/index.ts'
import { member } from './member.ts'

/** One middleware a line, in their order. */
export function listingOf(
  middlewares: readonly MiddlewareLike[],
  rules: ReadonlyMap<string, CallbackRule>,
): string {
  const width = Math.max(0, ...middlewares.map(({ name }) => name.length))
  const lines = middlewares.map(
    (middleware) => `  ${middleware.name.padEnd(width)}  ${describe(middleware, rules)}`,
  )
  return ['Stack', ...lines].join('\n')
}

function describe(middleware: MiddlewareLike, rules: ReadonlyMap<string, CallbackRule>): string {
  const handled =
    middleware.handle === undefined ? [] : [`handle ${middleware.handles?.join(', ') ?? 'every packet'}`]
  const answered = [...rules.keys()].filter((name) => typeof member(middleware, name) === 'function')
  const executed = [...(middleware.requires ?? []), ...(middleware.uses ?? [])]
  const executes = executed.length > 0 ? [`executes ${executed.join(', ')}`] : []
  const answers = answered.length > 0 ? [`answers ${answered.join(', ')}`] : []
  return [...handled, ...answers, ...executes].join('; ')
}
