/** The suite for backends, for any test runner. */
import type { RunnerContext } from '../harness/describe-protocol.ts'
import type { Capabilities, CreateBackend } from './backend-under-test.ts'
import { Bench } from './bench.ts'
import type { Check } from './check.ts'
import { CHAPTERS } from './contents.ts'

export interface BackendSuite {
  describe(title: string, define: () => void): void
  // biome-ignore lint/suspicious/noExplicitAny: every runner hands over something else
  it(title: string, run: (context: any) => Promise<void>): void
  /** Makes a backend for each test. */
  create: CreateBackend
  /** What the backend can do; chapters about what it cannot do are skipped. */
  capabilities?: Capabilities
  /** Only chapters that need this. */
  only?: keyof Capabilities
}

/**
 * Defines a test for each promise that a backend makes:
 *
 *     describeBackend({ describe, it, create: (bounds) => ({ backend: new MemoryBackend(bounds) }) })
 */
export function describeBackend({ describe, it, create, capabilities = {}, only }: BackendSuite): void {
  for (const { title, needs, checks } of CHAPTERS) {
    if (only !== undefined && needs !== only) continue
    describe(title, () => {
      if (needs !== undefined && capabilities[needs] !== true) {
        it(`needs a backend that is ${needs}`, async (context?: RunnerContext) => {
          context?.skip?.('the capability is not declared')
        })
        return
      }
      for (const check of checks) it(check.title, () => runCheck(check, create))
    })
  }
}

/** Runs one check on a backend of its own; rejects with what is wrong. */
export async function runCheck(check: Check, create: CreateBackend): Promise<void> {
  const bench = new Bench(await create(check.bounds))
  await bench.start()
  try {
    await check.run(bench)
  } catch (error) {
    // What was wrong first is what is told.
    await bench.close().catch(() => {})
    throw error
  }
  await bench.close()
}
