/** The driver of docs/writing-a-backend.md, as everybody copies it: tests run over it as over those of ours. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OrderedStore } from '@mqtt-stack/core/backend'
import { root } from '../../scripts/workspace.mjs'
import { examplesOf, pathOf, writeExamples } from '../support/examples.ts'

const PAGE = 'docs/writing-a-backend.md'
const FILE = 'level-store.ts'

interface Sample {
  LevelStore: new (path: string) => OrderedStore
}

const examples = examplesOf(PAGE, readFileSync(join(root, PAGE), 'utf8')).filter(({ file }) => file === FILE)
const { LevelStore }: Sample = await import(pathToFileURL(pathOf(examples[0], folderOfExamples())).href)

/** The driver over a directory. */
export function guideStore(path: string): OrderedStore {
  return new LevelStore(path)
}

/** In the repository, so that imports are found; whole at once, for others may read it. */
function folderOfExamples(): string {
  const version = createHash('sha256').update(JSON.stringify(examples)).digest('hex').slice(0, 12)
  const folder = join(root, '.examples', `guide-${version}`)
  if (existsSync(folder)) return folder
  const draft = `${folder}-${process.pid}`
  mkdirSync(join(root, '.examples'), { recursive: true })
  writeExamples(examples, draft)
  try {
    renameSync(draft, folder)
  } catch (error) {
    // Another worker was first.
    rmSync(draft, { recursive: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}
