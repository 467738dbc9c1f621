/** Backends that look alike from outside: tests of a whole stack run over each. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { MemoryBackendOptions, MemoryBackendStats } from '@mqtt-stack/memory-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { delayedBackend, lateBackend, MemoryStore, slowBackend } from '@mqtt-stack/testing'
import { DRIVERS, realStore } from './real-store.ts'
import { StoredBackend } from './stored-backend.ts'

/** A backend that tells what it holds. */
export type Backend = MiddlewareLike & { readonly stats: MemoryBackendStats }

/** Makes one. */
export type MakeBackend = (options?: MemoryBackendOptions) => Backend

type Backends = readonly (readonly [string, MakeBackend])[]

/** Backends that keep all that memory-backend keeps, and do so at once or later. */
export const BACKENDS: Backends = [
  ['a backend that answers at once', (options) => new MemoryBackend(options)],
  ['a backend that answers some promises later', around((memory) => delayedBackend(memory, promises))],
  ['a backend that answers some turns later', around((memory) => delayedBackend(memory, turns))],
  ['a backend that commits late', around((memory) => lateBackend(memory, { stages: true }))],
  ['a slow disk (20 ms)', around((memory) => slowBackend(memory, 20))],
  ['a slow disk (50 ms)', around((memory) => slowBackend(memory, 50))],
  ['an ordered store', (options) => new StoredBackend(options, new MemoryStore())],
  ['an ordered store (20 ms)', (options) => new StoredBackend(options, new MemoryStore({ commit: 20 }))],
  ...DRIVERS.map(([name, make]): Backends[number] => [
    name,
    (options) => new StoredBackend(options, realStore(make)),
  ]),
]

/** What a backend around one in memory holds is what that one holds. */
function around(make: (memory: MemoryBackend) => MiddlewareLike): MakeBackend {
  return (options) => {
    const memory = new MemoryBackend(options)
    return Object.defineProperty(make(memory), 'stats', { get: () => memory.stats }) as Backend
  }
}

async function promises(): Promise<void> {
  for (let i = 0; i < 7; i++) await undefined
}

async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}
