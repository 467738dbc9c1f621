import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chart } from './chart.ts'
import { document } from './document.ts'
import { keptResults } from './results.ts'

const DOCS = fileURLToPath(new URL('../../../../docs/', import.meta.url))
export const RESULTS: string = fileURLToPath(new URL('../../results', import.meta.url))

/** Writes docs/benchmark.md and docs/benchmark.svg from all results kept and returns their paths from the root. */
export function writeReport(): string[] {
  const results = keptResults(RESULTS)
  const page = `${DOCS}benchmark.md`
  mkdirSync(DOCS, { recursive: true })
  writeFileSync(`${DOCS}benchmark.svg`, chart(results.filter(({ lineup }) => lineup === 'peers')))
  writeFileSync(page, document(results, existsSync(page) ? readFileSync(page, 'utf8') : ''))
  return ['docs/benchmark.md', 'docs/benchmark.svg']
}
