import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import './support/program-limit.ts'
import { takeAway } from './temporary.ts'

it('what a test makes in the temporary folder is in that of its run', () => {
  expect(basename(tmpdir())).toMatch(/^mt-\d+-/)
  expect(basename(dirname(tmpdir()))).not.toMatch(/^mt-/)
})

it('what a run has left that was killed is taken away, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const [gone, running, other] = [`mt-${pid}-abc`, `mt-${process.pid}-abc`, `mtx-${pid}-abc`]
  for (const name of [gone, running, other]) mkdirSync(join(folder, name))
  writeFileSync(join(folder, gone, 'file'), '')
  takeAway(folder)
  expect([gone, running, other].map((name) => existsSync(join(folder, name)))).toEqual([false, true, true])
})
