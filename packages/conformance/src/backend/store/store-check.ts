/** Checks of a store as data: they can be listed, and run by any runner. */
import type { StoreBench } from './store-bench.ts'

/** A check of a store. */
export interface StoreCheck {
  /** Says what a right store does. */
  readonly title: string
  run(bench: StoreBench): Promise<void>
}

/** Checks of one subject. */
export interface StoreChapter {
  readonly title: string
  readonly checks: readonly StoreCheck[]
}

/** Adds a check to a chapter. */
export type DefineStoreCheck = (title: string, run: (bench: StoreBench) => Promise<void>) => void

/** Collects the checks of a chapter. */
export function storeChapter(title: string, define: (check: DefineStoreCheck) => void): StoreChapter {
  const checks: StoreCheck[] = []
  define((what, run) => checks.push({ title: what, run }))
  return { title, checks }
}
