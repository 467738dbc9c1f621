/** Runs the suite with a runner of its own, and tells which checks are red. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Capabilities, CreateBackend } from '@mqtt-stack/conformance/backend'
import { describeBackend } from '@mqtt-stack/conformance/backend'

/** Milliseconds of real time after which a check counts as hanging. */
const PATIENCE = 10_000

/** The titles of the checks that fail, `chapter: check`. */
export async function redChecks(create: CreateBackend, capabilities: Capabilities): Promise<string[]> {
  const red: string[] = []
  for (const [title, run] of collect(create, capabilities)) {
    const late = new AbortController()
    const hangs = sleep(PATIENCE, undefined, { signal: late.signal }).then(() => {
      throw new Error('hangs')
    })
    hangs.catch(() => {})
    await Promise.race([run(), hangs]).catch(() => red.push(title))
    late.abort()
  }
  return red
}

function collect(create: CreateBackend, capabilities: Capabilities): Map<string, () => Promise<void>> {
  const found = new Map<string, () => Promise<void>>()
  let chapter = ''
  describeBackend({
    describe(title, define) {
      chapter = title
      define()
    },
    it(title, run) {
      found.set(`${chapter}: ${title}`, () => run({ skip: () => {} }))
    },
    create,
    capabilities,
  })
  return found
}
