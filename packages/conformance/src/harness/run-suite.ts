/** Runs many tests, several at a time. */
import type { Test } from './chapter.ts'
import type { Result, RunOptions } from './run-test.ts'
import { runTest } from './run-test.ts'
import type { Setup } from './target.ts'

export interface SuiteOptions extends RunOptions {
  /** Tests under way at once; 1 by default. */
  parallel?: number
  /** Told of each result as it comes. */
  onResult?(result: Result): void
}

/**
 * Runs the tests, each against the first target to which it applies. Their names never meet: they may share a broker.
 * @returns The results in the order of the tests.
 */
export async function runSuite(
  tests: readonly Test[],
  setups: readonly Setup[],
  { parallel = 1, onResult, ...options }: SuiteOptions = {},
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  async function work(): Promise<void> {
    while (next < tests.length) {
      const at = next++
      results[at] = await runTest(tests[at], setups, options)
      onResult?.(results[at])
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, work))
  return results
}
