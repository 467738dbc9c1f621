// docs/conformance.json: what each broker did in each test, a column of letters a broker.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../scripts/workspace.mjs'

/** @typedef {{ key: string, name: string, version: string }} Column */
/** @typedef {{ brokers: Column[], results: Record<string, Record<string, string>> }} Columns */
/** @typedef {import('../src/harness/chapter.ts').Test} Test */
/** @typedef {import('../src/harness/run-test.ts').Result} Result */

export const FILE = join(root, 'docs', 'conformance.json')
const ORDER = ['mqtt-stack', 'mosquitto', 'aedes1', 'aedes2']

/** @type {Readonly<Record<import('../src/harness/run-test.ts').Status, string>>} */
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
 * Puts what a broker did into the file. Tests that are no more go; what was not run keeps its letter, or has `?`.
 * @param {Column} column
 * @param {readonly Result[]} results
 * @param {readonly Test[]} tests all of the versions that the results are of
 * @param {Columns} [columns]
 * @returns {Columns}
 */
export function withColumn(column, results, tests, columns = readColumns()) {
  const before = columns.brokers.map(({ key }) => key)
  const brokers = [...columns.brokers.filter(({ key }) => key !== column.key), column].sort(
    (a, b) => ORDER.indexOf(a.key) - ORDER.indexOf(b.key),
  )
  const letters = new Map(results.map(({ test, status }) => [test, LETTERS[status]]))
  const all = { ...columns.results }
  for (const version of new Set(tests.map((test) => test.version))) {
    const old = columns.results[version] ?? {}
    const rows = tests.filter((test) => test.version === version)
    all[version] = Object.fromEntries(
      rows.map((test) => {
        const row = brokers.map(({ key }) => {
          const kept = old[nameOf(test)]?.[before.indexOf(key)] ?? '?'
          return key === column.key ? (letters.get(test) ?? kept) : kept
        })
        return [nameOf(test), row.join('')]
      }),
    )
  }
  return { brokers, results: all }
}

/**
 * The tests that a broker has no answer to.
 * @param {string} key
 * @param {readonly Test[]} tests
 */
export function missing(key, tests) {
  const { brokers, results } = readColumns()
  const at = brokers.findIndex((broker) => broker.key === key)
  return tests.filter((test) => (results[test.version]?.[nameOf(test)]?.[at] ?? '?') === '?')
}

/** @param {Columns} columns */
export function writeColumns(columns) {
  writeFileSync(FILE, `${JSON.stringify(columns, null, 2)}\n`)
}
