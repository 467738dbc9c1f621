import { StackError } from './errors.ts'

/**
 * Somebody asks what is known only once the stack has started.
 * @param what Was asked: a callback, or a member of a middleware.
 */
export function notStarted(what: string): StackError {
  return new StackError(
    'STACK_NOT_STARTED',
    `${what}: the stack has not started: await broker.start(), or stack.start(), first`,
  )
}
