import { notStarted } from '../errors/index.ts'
import type { Step } from './step.ts'

/**
 * Before a stack has started nobody is asked who makes ready in `start()`; who needs no start answers.
 * @throws StackError `STACK_NOT_STARTED`.
 */
export function refuseNotStarted(callback: string, steps: readonly Step[]): void {
  if (steps.some(({ owner }) => typeof owner.start === 'function')) throw notStarted(callback)
}
