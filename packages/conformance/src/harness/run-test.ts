/** Runs one test against one broker. */
import type { Test } from './chapter.ts'
import { Remark, Skip } from './errors.ts'
import type { Setup } from './target.ts'
import { TestContext } from './test-context.ts'

/** `remark`: what is demanded is kept, what is recommended is not. */
export type Status = 'pass' | 'remark' | 'fail' | 'skip'

export interface Result {
  readonly test: Test
  readonly status: Status
  /** What was wrong, or why it was skipped. */
  readonly message: string
  readonly error?: Error
}

export interface RunOptions {
  /** Milliseconds of real time after which a packet that does not come is given up; 5,000 by default. */
  patience?: number
}

/** Different in every process, so that what an earlier run left in a broker does not matter. */
const process_ = Math.random().toString(36).slice(2, 8)
let tests = 0

/** Runs a test against the first of these targets to which it applies; never rejects. */
export async function runTest(
  test: Test,
  setups: readonly Setup[],
  options: RunOptions = {},
): Promise<Result> {
  let result: Result | undefined
  for (const setup of setups) {
    result = await runOnce(test, setup, options)
    if (result.status !== 'skip') return result
  }
  return result ?? { test, status: 'skip', message: 'there is no target' }
}

async function runOnce(test: Test, setup: Setup, { patience = 5_000 }: RunOptions): Promise<Result> {
  try {
    const target = await setup()
    const name = `${process_}x${(++tests).toString(36)}`
    // Where time passes by waiting, brokers look at their clocks only now and then.
    const waits = test.slow && target.advance === undefined
    const context = new TestContext(test.version, target, name, waits ? patience * 3 : patience)
    try {
      await test.run(context)
    } finally {
      context.finish()
      await target.close?.()
    }
    return { test, status: 'pass', message: '' }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    const status = error instanceof Skip ? 'skip' : error instanceof Remark ? 'remark' : 'fail'
    return { test, status, message: error.message, error }
  }
}
