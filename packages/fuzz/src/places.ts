/** The backends that sequences are held on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBackend } from '@mqtt-stack/broker'
import type { OrderedStore } from '@mqtt-stack/core/backend'
import { BACKEND_OPTIONS, Backend } from '@mqtt-stack/core/backend'
import { LmdbBackend } from '@mqtt-stack/lmdb-backend'
import { MemoryStore, slowBackend } from '@mqtt-stack/testing'
import type { Kept, Place } from './many-clients.ts'

/** The kit over a store. */
class StoredBackend extends Backend {
  constructor(store: OrderedStore) {
    super(undefined, BACKEND_OPTIONS, () => store)
  }
}

/** One in memory, that commits late. */
function slow(): Kept {
  const memory = new MemoryBackend()
  return Object.defineProperty(slowBackend(memory, 3), 'stats', { get: () => memory.stats }) as Kept
}

/** By what they are called. */
export const PLACES: Readonly<Record<string, () => Place>> = {
  'in memory': () => ({ open: () => new MemoryBackend(), outlivesProcess: false }),
  'on a slow disk': () => ({ open: slow, outlivesProcess: false }),
  'over an ordered store': () => {
    const store = new MemoryStore({ commit: 3 })
    return { open: () => new StoredBackend(store), outlivesProcess: true }
  },
  'over LMDB': () => {
    const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-fuzz-'))
    const remove = (): void => rmSync(path, { recursive: true, force: true })
    return { open: () => new LmdbBackend({ path }), outlivesProcess: true, remove }
  },
}
