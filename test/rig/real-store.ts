/** Stores on a real disk for tests that go by turns of the event loop and a virtual clock. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import { LmdbStore } from '@mqtt-stack/lmdb-backend'
import { seen } from '../../packages/conformance/src/backend/seen.ts'
import { guideStore } from './guide-store.ts'

let root: string | undefined
let count = 0

/** Drivers of databases, each over a directory. */
export const DRIVERS: readonly (readonly [string, (path: string) => OrderedStore])[] = [
  ['LMDB', (path) => new LmdbStore({ path, sync: 'commit', onSetAside: () => {} })],
  ['the guide’s driver', guideStore],
]

/**
 * A store in a directory of its own, which is gone with the process.
 * @param make Makes the driver.
 */
export function realStore(make: (path: string) => OrderedStore): OrderedStore {
  root ??= folderOfProcess()
  return new Visible(make(join(root, `${++count}`)))
}

/** Made by who needs one. A worker of vitest may be ended before it exits: its run removes what is left. */
function folderOfProcess(): string {
  const folder = mkdtempSync(join(tmpdir(), 'real-store-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Tests see it at work. */
class Visible implements OrderedStore {
  readonly #store: OrderedStore

  constructor(store: OrderedStore) {
    this.#store = store
  }

  open(): void | Promise<void> {
    return seen(this.#store.open())
  }

  close(): void | Promise<void> {
    return seen(this.#store.close())
  }

  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]> {
    return seen(this.#store.read(range, limit))
  }

  async write(batch: readonly Change[]): Promise<void> {
    await seen(this.#store.write(batch))
  }
}
