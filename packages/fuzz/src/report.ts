/** Writes docs/fuzz.md, the result of the last full run. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import { CORPUS } from './corpus.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export default class FuzzReport implements Reporter {
  readonly #began = Date.now()

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    // A run of some of the tests is no result.
    if (tests.some((one) => one.result().state === 'skipped')) return
    const rows = tests.map((one) => `| ${one.name} | ${resultOf(one)} | ${secondsOf(one)} |`)
    const minutes = Math.round((Date.now() - this.#began) / 60_000)
    const text = `# The last full fuzz run

\`npm run fuzz\` wrote this page; \`npm test\` runs a seeded sample of the same. The corpus has ${CORPUS.length} packets: every type
that a client may send in MQTT 3.1, 3.1.1 and 5.0, with every property. Each prefix and each of the 255 other values of each byte is a
connection of its own, in one to four chunks, to the whole default stack. After each batch a neighbour must be served, nothing
may be logged as an error, and connections, sessions, subscriptions, messages, retained messages and timers must be gone. The
memory tests compare the heap after forced collections, round by round.

${new Date().toISOString().slice(0, 10)}, core ${versionOf('packages/core')}, Node.js ${process.version}, fast-check ${versionOf('node_modules/fast-check')}, ${minutes} min, ${errors.length} errors outside a test.

| test | result | seconds |
| --- | --- | ---: |
${rows.join('\n')}
`
    writeFileSync(join(root, 'docs/fuzz.md'), text)
  }
}

function resultOf(one: TestCase): string {
  const { state, errors = [] } = one.result()
  if (state === 'passed') return one.meta().fuzz ?? 'passed'
  return `**${state}**: ${errors[0]?.message.split('\n', 1)[0] ?? ''}`
}

function secondsOf(one: TestCase): string {
  return ((one.diagnostic()?.duration ?? 0) / 1_000).toFixed(1)
}

function versionOf(folder: string): string {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version
}
