/** Tests as data: they can be listed, run by any runner, and told apart by the statements they check. */
import type { Version } from '../wire/packet-types.ts'
import type { TestContext } from './test-context.ts'

export interface TestOptions {
  /** Needs real time where the broker's clock cannot be moved. */
  slow?: boolean
}

export interface Test extends Required<TestOptions> {
  /** With the numbers of its statements: `[MQTT-3.12.4-1] answers PINGREQ with PINGRESP`. */
  readonly title: string
  /** `MQTT-3.12.4-1`, ... */
  readonly statements: readonly string[]
  readonly version: Version
  readonly chapter: string
  run(context: TestContext): Promise<void>
}

export interface Chapter {
  readonly title: string
  readonly version: Version
  readonly tests: readonly Test[]
}

/**
 * The numbers that a test checks, by version, several parted by spaces: `'3.12.4-1'` where both standards have the
 * same, `''` for none.
 */
export type Numbers = string | { readonly 4?: string; readonly 5?: string }

/** Adds a test to a chapter. */
export type Define = (
  numbers: Numbers,
  title: string,
  run: (context: TestContext) => Promise<void>,
  options?: TestOptions,
) => void

/** Collects the tests of a chapter. */
export function chapter(version: Version, title: string, define: (test: Define) => void): Chapter {
  const tests: Test[] = []
  define((numbers, what, run, { slow = false } = {}) => {
    const statements = numbersOf(version, numbers).map((number) => `MQTT-${number}`)
    const tags = statements.map((statement) => `[${statement}] `).join('')
    tests.push({ title: tags + what, statements, version, chapter: title, slow, run })
  })
  return { title, version, tests }
}

function numbersOf(version: Version, numbers: Numbers): string[] {
  // MQTT 3.1 numbers nothing.
  if (version === 3) return []
  const own = typeof numbers === 'string' ? numbers : (numbers[version] ?? '')
  return own.split(' ').filter((number) => number !== '')
}
