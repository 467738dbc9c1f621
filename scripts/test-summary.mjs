// Prints what .test-report.json tells, the counts as the last line; fails if a test did, or none ran, or no report is there.
import { existsSync } from 'node:fs'
import { reportFile } from './test-report.mjs'
import { readJson } from './workspace.mjs'

if (!existsSync(reportFile)) {
  console.error('the test run left no report')
  process.exit(1)
}

/** @type {import('./test-report.mjs').Report} */
const { passed, failed, skipped, errors } = readJson(reportFile)

if (errors > 0) console.log(`errors outside of tests: ${errors}`)
if (passed + failed === 0) console.log('no test ran')
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)

if (failed > 0 || errors > 0 || passed === 0) process.exitCode = 1
