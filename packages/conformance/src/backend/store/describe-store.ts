/** The suite for stores, for any test runner. */
import type { StorePlace } from '../over-store.ts'
import { batches } from './batches.ts'
import { contents } from './contents.ts'
import { ranges } from './ranges.ts'
import { reopening } from './reopening.ts'
import { StoreBench } from './store-bench.ts'
import type { StoreChapter, StoreCheck } from './store-check.ts'

/** What a store promises, subject by subject. */
export const STORE_CHAPTERS: readonly StoreChapter[] = [ranges, batches, contents, reopening]

export interface StoreSuite {
  describe(title: string, define: () => void): void
  // biome-ignore lint/suspicious/noExplicitAny: every runner hands over something else
  it(title: string, run: (context: any) => Promise<void>): void
  /** Makes a place for each test, with nothing in it: what `overStore` takes. */
  create(): StorePlace | Promise<StorePlace>
}

/**
 * Defines a test for each promise of an ordered store, which a driver for a database is:
 *
 *     const create = () => {
 *       const path = mkdtempSync(join(tmpdir(), 'store-'))
 *       return { open: () => new MyStore(path), remove: () => rmSync(path, { recursive: true }) }
 *     }
 *     describeStore({ describe, it, create })
 */
export function describeStore({ describe, it, create }: StoreSuite): void {
  for (const { title, checks } of STORE_CHAPTERS)
    describe(title, () => {
      for (const check of checks) it(check.title, () => runStoreCheck(check, create))
    })
}

/** Runs one check on a store of its own; rejects with what is wrong. */
export async function runStoreCheck(check: StoreCheck, create: StoreSuite['create']): Promise<void> {
  const bench = new StoreBench(await create())
  try {
    await bench.start()
    await check.run(bench)
  } catch (error) {
    // What was wrong first is what is told.
    await bench.close().catch(() => {})
    throw error
  }
  await bench.close()
}
