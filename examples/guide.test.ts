/** The examples of docs/writing-a-middleware.md that are files of their own: the guide shows them whole. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../scripts/workspace.mjs'
import { examplesOf } from '../test/support/examples.ts'

const page = 'docs/writing-a-middleware.md'
const shown = examplesOf(page, readFileSync(join(root, page), 'utf8'))

test.each([
  ['tenants.ts', 60],
  ['counters.ts', 30],
  ['revoking.ts', 40],
])('%s is shown in the guide as it is, in at most %i lines, without a cast', (file, lines) => {
  const code = readFileSync(join(root, 'examples', file), 'utf8')
  expect(shown.find((example) => example.file === file)?.code).toBe(code)
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(lines)
  expect(code).not.toMatch(/\bas (?!const)|\bany\b|@ts-/)
})
