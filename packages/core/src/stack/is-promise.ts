import type { Anything } from './step.ts'

/** Whether a handler, or work, has not answered yet. */
export function isPromise(value: unknown): value is Promise<Anything> {
  return typeof (value as { then?: unknown } | null)?.then === 'function'
}
