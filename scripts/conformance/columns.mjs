// docs/conformance.json: what each broker did in each test, a column of letters a broker.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../workspace.mjs'

/** @typedef {{ key: string, name: string, version: string }} Column */
/** @typedef {{ brokers: Column[], results: Record<string, Record<string, string>> }} Columns */
/** @typedef {import('../../packages/conformance/src/harness/run-test.ts').Result} Result */

export const FILE = join(root, 'docs', 'conformance.json')
const ORDER = ['mqtt-stack', 'mosquitto', 'aedes1', 'aedes2']

/** @type {Readonly<Record<import('../../packages/conformance/src/harness/run-test.ts').Status, string>>} */
export const LETTERS = { pass: 'p', remark: 'r', fail: 'f', skip: '-' }

/** @returns {Columns} */
export function readColumns() {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : { brokers: [], results: {} }
}

/** The name of a test in the file. @param {{ chapter: string, title: string }} test */
export function nameOf({ chapter, title }) {
  return `${chapter}: ${title}`
}

/**
 * Puts what a broker did into the file; tests that are no more go, new ones have `?` for other brokers.
 * @param {Column} column
 * @param {readonly Result[]} results of one version or more
 * @param {Columns} [columns]
 * @returns {Columns}
 */
export function withColumn(column, results, columns = readColumns()) {
  const before = columns.brokers.map(({ key }) => key)
  const brokers = [...columns.brokers.filter(({ key }) => key !== column.key), column].sort(
    (a, b) => ORDER.indexOf(a.key) - ORDER.indexOf(b.key),
  )
  /** @type {Columns['results']} */
  const all = { ...columns.results }
  for (const version of new Set(results.map(({ test }) => test.version))) {
    const old = columns.results[version] ?? {}
    const rows = results.filter(({ test }) => test.version === version)
    all[version] = Object.fromEntries(
      rows.map(({ test, status }) => {
        const letters = brokers.map(({ key }) =>
          key === column.key ? LETTERS[status] : (old[nameOf(test)]?.[before.indexOf(key)] ?? '?'),
        )
        return [nameOf(test), letters.join('')]
      }),
    )
  }
  return { brokers, results: all }
}

/** @param {Columns} columns */
export function writeColumns(columns) {
  writeFileSync(FILE, `${JSON.stringify(columns, null, 2)}\n`)
}
