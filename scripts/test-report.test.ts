import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import '../test/support/program-limit.ts'
import { root } from './workspace.mjs'

// Inside the tree, so that the run finds vitest; no test file of ours has this ending.
const folder = mkdtempSync(join(root, 'node_modules/.report-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs vitest on one file of the given text and returns its report. */
function reportOf(text: string) {
  const file = join(folder, 'report.json')
  writeFileSync(join(folder, 'sample.check.ts'), text)
  const reporters = [[join(root, 'scripts/test-report.mjs'), { file }]]
  const test = JSON.stringify({ include: ['*.check.ts'], exclude: [], reporters })
  writeFileSync(join(folder, 'vitest.config.mjs'), `export default { test: ${test} }`)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  try {
    execFileSync(process.execPath, [vitest, 'run', '--root', folder], { cwd: folder, stdio: 'pipe' })
  } catch {
    // A failing sample ends with a code of its own; the report tells the rest.
  }
  return JSON.parse(readFileSync(file, 'utf8'))
}

it('counts passed, failed and skipped tests and keeps the reasons', () => {
  const report = reportOf(`
    import { describe, expect, it } from 'vitest'
    describe('a suite', () => {
      it('passes', () => {})
      it('fails', () => expect(1).toBe(2))
      it('is skipped', (context) => context.skip('for a reason'))
      it.skip('is skipped without one', () => {})
    })`)
  expect(report).toMatchObject({ passed: 1, failed: 1, skipped: 2, errors: 0 })
  expect(report.skips).toContainEqual(
    expect.objectContaining({ title: 'a suite > is skipped', reason: 'for a reason' }),
  )
})

it('counts a file that cannot be loaded as an error', () => {
  const report = reportOf("import './no-such-file.ts'")
  expect(report).toMatchObject({ passed: 0, failed: 0, errors: 1 })
})
