/** Runs many tests against one broker, several at a time. */
import type { Test } from './chapter.ts'
import type { Result, RunOptions } from './run-test.ts'
import { runTest } from './run-test.ts'
import type { Target } from './target.ts'

export interface SuiteOptions extends RunOptions {
  /** Tests under way at once; 1 by default. */
  parallel?: number
  /** Told of each result as it comes. */
  onResult?(result: Result): void
}

/**
 * Runs the tests; their names never meet, so that they may share a broker.
 * @returns The results in the order of the tests.
 */
export async function runSuite(
  tests: readonly Test[],
  target: Target | (() => Target | Promise<Target>),
  { parallel = 1, onResult, ...options }: SuiteOptions = {},
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  async function work(): Promise<void> {
    while (next < tests.length) {
      const at = next++
      const one = typeof target === 'function' ? await target() : target
      results[at] = await runTest(tests[at], one, options)
      onResult?.(results[at])
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, work))
  return results
}
