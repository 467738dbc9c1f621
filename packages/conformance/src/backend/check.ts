/** Checks as data: they can be listed, and run by any runner. */
import type { Bounds, Capabilities } from './backend-under-test.ts'
import type { Bench } from './bench.ts'

/** A check of a backend. */
export interface Check {
  /** Says what a right backend does. */
  readonly title: string
  /** What the backend is made with. */
  readonly bounds: Bounds
  run(bench: Bench): Promise<void>
}

/** Checks of one subject. */
export interface Chapter {
  readonly title: string
  /** The capability without which it is skipped. */
  readonly needs: keyof Capabilities | undefined
  readonly checks: readonly Check[]
}

/** Adds a check to a chapter. */
export type Define = (title: string, run: (bench: Bench) => Promise<void>, bounds?: Bounds) => void

/** Collects the checks of a chapter. */
export function chapter(
  title: string,
  needs: keyof Capabilities | undefined,
  define: (check: Define) => void,
): Chapter {
  const checks: Check[] = []
  define((what, run, bounds = {}) => checks.push({ title: what, bounds, run }))
  return { title, needs, checks }
}
