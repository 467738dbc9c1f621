// The examples of the documentation: every ```ts block of its pages, as a module that can be checked and run.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pages } from '../../scripts/docs-checks.mjs'
import { root } from '../../scripts/workspace.mjs'

export interface Example {
  /** Path of the page from the root. */
  readonly page: string
  /** Line of its first line in the page, from 1. */
  readonly line: number
  readonly code: string
  /** `file.ts` behind the fence's `ts`: by which the page's other examples import it; otherwise by its line. */
  readonly file: string
  /** Not with `check` behind the fence's `ts`: only type-checked. */
  readonly runs: boolean
}

/** The examples of a page's text. */
export function examplesOf(page: string, text: string): Example[] {
  return [...text.matchAll(/^```ts(| .*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: info, 2: code }) => {
    const line = text.slice(0, index).split('\n').length + 1
    const words = info.split(' ')
    const file = words.find((word) => word.endsWith('.ts')) ?? `line-${line}.ts`
    return { page, line, code, file, runs: !words.includes('check') }
  })
}

/** All examples, in the order of their pages. */
export function allExamples(): Example[] {
  return pages().flatMap((page) => examplesOf(page, readFileSync(join(root, page), 'utf8')))
}

/** Where an example stands in a folder of examples. */
export function pathOf(example: Example, folder: string): string {
  return join(folder, example.page.replace(/\.md$/, '').replaceAll('/', '-'), example.file)
}

/** Writes the examples into a folder, each on the lines that it has in its page, so that errors name them. */
export function writeExamples(examples: readonly Example[], folder: string): void {
  for (const example of examples) {
    const path = pathOf(example, folder)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '\n'.repeat(example.line - 1) + example.code)
  }
  const config = { extends: '../../tsconfig.test.json', include: ['**/*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
}

/** What an example says that it prints: the comments behind its `console.log(...)`, in order. */
export function printsOf({ code }: Example): string[] {
  return [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, printed]) => printed)
}
