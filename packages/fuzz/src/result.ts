/** What a test of the full run found out, for the report. */
import type { TestContext } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    fuzz?: string
  }
}

/** Minutes that the whole run may take, about: what was not reached by then is said to be open. */
export const MINUTES = 20

/** The line of the report. */
export function report({ task }: TestContext, line: string): void {
  task.meta.fuzz = line
}

/** 1234567 as `1,234,567`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}
