/** The backend of docs/writing-a-backend.md, as everybody copies it: tests run over it as over the built-in one. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { MemoryBackendOptions } from '@mqtt-stack/memory-backend'
import { examplesOf, pathOf, writeExamples } from './examples.ts'
import { root } from './workspace.mjs'

const PAGE = 'docs/writing-a-backend.md'

interface Sample {
  JournalBackend: new (options: MemoryBackendOptions, journal: object) => MiddlewareLike
}

interface Disk {
  Journal: new (flush: () => Promise<unknown>) => object
}

const examples = examplesOf(PAGE, readFileSync(join(root, PAGE), 'utf8')).filter(({ file }) =>
  ['journal.ts', 'journal-backend.ts'].includes(file),
)
const [disk, sample] = examples.map((example) => pathToFileURL(pathOf(example, folderOfExamples())).href)
const { Journal }: Disk = await import(disk)
const { JournalBackend }: Sample = await import(sample)

/**
 * On a disk that takes so many milliseconds for a commit; a turn of the event loop stands for each.
 * @param options Those of the built-in backend; the guide's knows three of them.
 */
export function guideBackend(options: MemoryBackendOptions = {}, milliseconds: number): MiddlewareLike {
  const { sessions, sessionMessages, retainedMessages } = options
  const flush = async (): Promise<void> => {
    for (let i = 0; i < milliseconds; i++) await turn()
  }
  return new JournalBackend({ sessions, sessionMessages, retainedMessages }, new Journal(flush))
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
