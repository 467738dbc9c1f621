// A reporter for vitest: writes the counts to .test-report.json and tells why tests were skipped.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.mjs'

/** @typedef {{ title: string, file: string, reason: string }} Skipped */
/** @typedef {{ passed: number, failed: number, skipped: number, errors: number, skips: Skipped[] }} Report */

export const reportFile = join(root, '.test-report.json')

export default class TestReport {
  /** @param {{ file?: string }} [options] */
  constructor({ file = reportFile } = {}) {
    this.file = file
  }

  /** A run that dies leaves no report of the run before. */
  onTestRunStart() {
    rmSync(this.file, { force: true })
  }

  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} errors what was thrown outside of any test
   */
  onTestRunEnd(modules, errors) {
    const report = count(modules, errors)
    writeFileSync(this.file, `${JSON.stringify(report, null, 2)}\n`)
    for (const { file, title, reason } of report.skips) console.log(`skipped: ${file} > ${title}: ${reason}`)
  }
}

/**
 * @param {readonly import('vitest/node').TestModule[]} modules
 * @param {readonly unknown[]} errors
 * @returns {Report}
 */
function count(modules, errors) {
  /** @type {Report} */
  const report = { passed: 0, failed: 0, skipped: 0, errors: errors.length, skips: [] }
  for (const module of modules) {
    // A file that cannot be loaded, or a hook that fails, has no test to count.
    report.errors += module.errors().length
    for (const suite of module.children.allSuites()) report.errors += suite.errors().length
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed' || result.state === 'failed') report[result.state]++
      else {
        report.skipped++
        const reason = (result.state === 'skipped' && result.note) || 'no reason given'
        report.skips.push({ title: test.fullName, file: module.relativeModuleId, reason })
      }
    }
  }
  return report
}
