/**
 * Every ```ts block of the documentation is type-checked with all others, and run: its assertions hold, and what it
 * prints is what the comments behind `console.log(...)` say. ```ts check is only type-checked. No example may take a
 * port of its own: 0, or `check`.
 */
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { Server } from 'node:net'
import { join } from 'node:path'
import { format, promisify } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import '../test/support/program-limit.ts'
import { root } from '../scripts/workspace.mjs'
import { allExamples, examplesOf, pathOf, printsOf, writeExamples } from '../test/support/examples.ts'

const examples = allExamples()
// In the repository, so that imports are found; of this process, so that two runs do not meet.
const folder = join(root, '.examples', String(process.pid))
writeExamples(examples, folder)

beforeEach(refuseFixedPorts)
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.restoreAllMocks())

describe('examples of the documentation', () => {
  it('are found with the lines and names that they have', () => {
    const page = 'Text\n\n```ts\nfirst()\n```\n\n```sh\nls\n```\n\n```ts lamp.ts check\nsecond()\n```\n'
    expect(examplesOf('page.md', page)).toEqual([
      { page: 'page.md', line: 4, code: 'first()\n', file: 'line-4.ts', runs: true },
      { page: 'page.md', line: 12, code: 'second()\n', file: 'lamp.ts', runs: false },
    ])
  })

  it('are typed', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const options = [tsc, '-p', folder, '--pretty', 'false']
    const output = await promisify(execFile)(process.execPath, options, { cwd: root }).then(
      ({ stdout }) => stdout,
      ({ stdout }) => stdout as string,
    )
    // What is wrong with the sources is the type check's to say.
    const wrong = output.split(/\n(?! )/).filter((line) => line.startsWith('.examples'))
    expect(wrong).toEqual([])
  })

  for (const example of examples.filter(({ runs }) => runs)) {
    it(`${example.page}:${example.line} runs`, async () => {
      const log = vi.spyOn(console, 'log').mockImplementation(() => {})
      await import(pathOf(example, folder))
      const expected = printsOf(example)
      const printed = log.mock.calls.map(([first, ...rest]) => format(first, ...rest))
      if (expected.length > 0) expect(printed).toEqual(expected)
    })
  }
})

function refuseFixedPorts(): void {
  const { listen } = Server.prototype
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    const [where] = args
    const port = typeof where === 'object' ? (where as { port?: unknown } | null)?.port : where
    if (typeof port === 'number' && port > 0)
      throw new Error(`an example listens on port ${port}: use 0, or \`\`\`ts check`)
    return (listen as (...args: unknown[]) => Server).apply(this, args)
  })
}
