/** The suite for any test runner. */
import { chaptersOf } from '../protocol/index.ts'
import type { Version } from '../wire/packet-types.ts'
import type { Test } from './chapter.ts'
import type { Result } from './run-test.ts'
import { runTest } from './run-test.ts'
import type { Setup, Target } from './target.ts'

/** What a runner hands to a test: vitest, node:test and mocha skip by it. */
export interface RunnerContext {
  skip?(note?: string): void
}

export interface ProtocolSuite extends Partial<Target> {
  describe(title: string, define: () => void): void
  // biome-ignore lint/suspicious/noExplicitAny: every runner hands over something else
  it(title: string, run: (context: any) => Promise<void>): void
  /** 3 for MQTT 3.1, 4 (default) for 3.1.1, 5 for 5.0. */
  version?: Version
  /**
   * Makes a broker for each test, instead of the one that `connect` reaches. Of several, each another configuration, a
   * test takes the first to which it applies.
   */
  setup?: Setup | readonly Setup[]
  /** Whether what the standard only recommends fails a test too; true by default. */
  strict?: boolean
  /** Told of each result as it comes. */
  onResult?(result: Result): void
  /** Which tests are run; all by default. */
  filter?(test: Test): boolean
  /** Milliseconds of real time after which a packet that does not come is given up; 5,000 by default. */
  patience?: number
}

/**
 * Defines a test for each part of a version of MQTT, titled with the statements it checks:
 *
 *     describeProtocol({ describe, it, version: 5, connect: () => net.connect(1883) })
 */
export function describeProtocol(suite: ProtocolSuite): void {
  const { version = 4, strict = true, filter = () => true, patience } = suite
  const setups = setupsOf(suite)
  for (const { title, tests } of chaptersOf(version)) {
    const chosen = tests.filter(filter)
    if (chosen.length === 0) continue
    suite.describe(title, () => {
      for (const test of chosen) {
        suite.it(test.title, async (context?: RunnerContext) => {
          const result = await runTest(test, setups, { patience })
          suite.onResult?.(result)
          const { status, message, error } = result
          if (status === 'skip') context?.skip?.(message)
          else if (status === 'fail' || (status === 'remark' && strict)) throw error
        })
      }
    })
  }
}

function setupsOf({ setup, ...target }: ProtocolSuite): readonly Setup[] {
  if (setup !== undefined) return typeof setup === 'function' ? [setup] : setup
  if (target.connect === undefined)
    throw new TypeError('describeProtocol: neither connect nor setup is given')
  return [() => target as Target]
}
