/** mqtt-stack's own column of docs/conformance.md, compared with what the tests just did. */

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Result } from '../src/harness/run-test.ts'
import { chaptersOf } from '../src/protocol/index.ts'
import type { Version } from '../src/wire/packet-types.ts'
import { LETTERS, nameOf, readColumns, withColumn, writeColumns } from './columns.mjs'

const KEY = 'mqtt-stack'

/**
 * Adds a test that runs behind those of a version and holds docs/conformance.json to their results. With
 * CONFORMANCE_WRITE=1 in the environment it writes them instead.
 */
export function checkColumn(version: Version, results: readonly Result[]): void {
  it('did what docs/conformance.json says', (context) => {
    const tests = chaptersOf(version).flatMap((chapter) => chapter.tests)
    if (results.length < tests.length) return context.skip('only some tests were run')
    if (process.env.CONFORMANCE_WRITE === '1') {
      writeColumns(withColumn({ key: KEY, name: 'mqtt-stack', version: brokerVersion() }, results, tests))
    }
    const { brokers, results: rows } = readColumns()
    const at = brokers.findIndex(({ key }) => key === KEY)
    const said = Object.fromEntries(
      Object.entries(rows[version] ?? {}).map(([name, letters]) => [name, letters[at]]),
    )
    const done = Object.fromEntries(results.map(({ test, status }) => [nameOf(test), LETTERS[status]]))
    expect(done).toEqual(said)
  })
}

function brokerVersion(): string {
  const manifest = readFileSync(new URL('../../broker/package.json', import.meta.url), 'utf8')
  return JSON.parse(manifest).version
}
