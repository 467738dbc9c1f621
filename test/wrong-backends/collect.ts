/** Runs the suites with a runner of its own, and tells which checks are red. */
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Capabilities,
  CreateBackend,
  SharedStoreSuite,
  StoreSuite,
} from '@mqtt-stack/conformance/backend'
import { describeBackend, describeSharedStore, describeStore } from '@mqtt-stack/conformance/backend'

/** Milliseconds of real time after which a check counts as hanging. */
const PATIENCE = 10_000

/** What a suite is given of a runner. */
type Runner = Pick<StoreSuite, 'describe' | 'it'>

/** The titles of the checks of a backend that fail, `chapter: check`. */
export function redChecks(create: CreateBackend, capabilities: Capabilities): Promise<string[]> {
  return redOf((runner) => describeBackend({ ...runner, create, capabilities }))
}

/** The titles of the checks of several brokers that fail. */
export function redServiceChecks(create: CreateBackend): Promise<string[]> {
  const capabilities = { distributed: true }
  return redOf((runner) => describeBackend({ ...runner, create, capabilities, only: 'distributed' }))
}

/** The titles of the checks of a store that fail. */
export function redStoreChecks(create: StoreSuite['create']): Promise<string[]> {
  return redOf((runner) => describeStore({ ...runner, create }))
}

/** The titles of the checks of a store that several nodes share that fail. */
export function redSharedStoreChecks(create: SharedStoreSuite['create']): Promise<string[]> {
  return redOf((runner) => describeSharedStore({ ...runner, create }))
}

async function redOf(suite: (runner: Runner) => void): Promise<string[]> {
  const red: string[] = []
  for (const [title, run] of collect(suite)) {
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

function collect(suite: (runner: Runner) => void): Map<string, () => Promise<void>> {
  const found = new Map<string, () => Promise<void>>()
  let chapter = ''
  suite({
    describe(title, define) {
      chapter = title
      define()
    },
    it(title, run) {
      found.set(`${chapter}: ${title}`, () => run({ skip: () => {} }))
    },
  })
  return found
}
