/** Checks of a shared store as data: they can be listed, and run by any runner. */
import type { SharedBench } from './shared-bench.ts'

/** A check of a shared store. */
export interface SharedCheck {
  /** Says what a right store does. */
  readonly title: string
  run(bench: SharedBench): Promise<void>
}

/** Checks of one subject. */
export interface SharedChapter {
  readonly title: string
  readonly checks: readonly SharedCheck[]
}

/** Adds a check to a chapter. */
export type DefineSharedCheck = (title: string, run: (bench: SharedBench) => Promise<void>) => void

/** Collects the checks of a chapter. */
export function sharedChapter(title: string, define: (check: DefineSharedCheck) => void): SharedChapter {
  const checks: SharedCheck[] = []
  define((what, run) => checks.push({ title: what, run }))
  return { title, checks }
}
