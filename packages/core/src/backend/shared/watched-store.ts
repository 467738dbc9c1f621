import { isStackError } from '../../errors/index.ts'
import type { OrderedStore } from '../ordered-store.ts'
import type { SharedStore } from './shared-store.ts'

/** Who is told of what becomes of a node's part. */
export interface PartWatch {
  /** It is about to be opened: the time by which a lease may begin. */
  opening(): number
  /** It is open, and nobody has read it. */
  opened(since: number): Promise<void>
  /** It is about to be closed. */
  closing(): Promise<void>
  /** Another node has claimed it. */
  lost(error: Error): void
}

/** A node's part, as what the kit keeps things in. */
export function watched(store: SharedStore, watch: PartWatch): OrderedStore {
  return {
    async open() {
      const since = watch.opening()
      await store.open()
      await watch.opened(since)
    },
    async close() {
      await watch.closing()
      await store.close()
    },
    read: (range, limit) => store.read(range, limit),
    metrics: () => store.metrics?.() ?? [],
    async write(batch) {
      try {
        await store.write(batch)
      } catch (error) {
        if (isStackError(error) && error.code === 'LEASE_LOST') watch.lost(error)
        throw error
      }
    },
  }
}
