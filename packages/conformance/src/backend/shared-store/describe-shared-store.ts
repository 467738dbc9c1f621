/** The suite for stores that several nodes share, for any test runner. */
import type { StoreSuite } from '../store/describe-store.ts'
import { describeStore } from '../store/describe-store.ts'
import { claims } from './claims.ts'
import { inboxes } from './inboxes.ts'
import { leases } from './leases.ts'
import { names } from './names.ts'
import { retainedMap } from './retained-map.ts'
import { SharedBench } from './shared-bench.ts'
import type { SharedChapter, SharedCheck } from './shared-check.ts'
import type { SharedPlace } from './shared-place.ts'

/** What a shared store promises besides what each ordered store does, subject by subject. */
export const SHARED_STORE_CHAPTERS: readonly SharedChapter[] = [leases, claims, inboxes, names, retainedMap]

export interface SharedStoreSuite extends Pick<StoreSuite, 'describe' | 'it'> {
  /** Makes a place for each test, with nothing in it. */
  create(): SharedPlace | Promise<SharedPlace>
}

/**
 * Defines a test for each promise of a store that several nodes share, those of {@link describeStore} for a node's own part among them:
 *
 *     const create = async () => {
 *       const prefix = `test:${randomUUID()}`
 *       return { open: (node) => new MyStore(prefix, node, { lease: 1_000 }), pass: (ms) => setTimeout(ms) }
 *     }
 *     describeSharedStore({ describe, it, create })
 */
export function describeSharedStore({ describe, it, create }: SharedStoreSuite): void {
  describeStore({
    describe,
    it,
    create: async () => {
      const { open, remove } = await create()
      return { open: () => open('node'), ...(remove !== undefined && { remove }) }
    },
  })
  for (const { title, checks } of SHARED_STORE_CHAPTERS)
    describe(title, () => {
      for (const check of checks) it(check.title, () => runSharedCheck(check, create))
    })
}

/** Runs one check in a place of its own; rejects with what is wrong. */
export async function runSharedCheck(check: SharedCheck, create: SharedStoreSuite['create']): Promise<void> {
  const bench = new SharedBench(await create())
  try {
    await check.run(bench)
  } catch (error) {
    // What was wrong first is what is told.
    await bench.end().catch(() => {})
    throw error
  }
  await bench.end()
}
