import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isStackError, StackError } from '@mqtt-stack/core'
import { Backend } from '@mqtt-stack/core/backend'
import { setAside } from './directory.ts'
import { LmdbStore } from './lmdb-store.ts'
import type { LmdbBackendOptions } from './options.ts'
import { LMDB_BACKEND_OPTIONS } from './options.ts'

/** Keeps everything in an LMDB database: it outlives restarts and crashes. */
export class LmdbBackend extends Backend<LmdbBackendOptions> {
  constructor(options: LmdbBackendOptions) {
    super(
      options,
      LMDB_BACKEND_OPTIONS,
      ({ path, sync }) => new LmdbStore({ path, sync, onSetAside: (...what) => this.#warn(...what) }),
    )
  }

  /** @throws StackError `STORE_UNUSABLE` where a file is in the way of its directory. */
  check(): readonly string[] {
    const { path } = this.config
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === false)
      throw new StackError('STORE_UNUSABLE', `lmdb-backend: ${path} is a file: name a directory`)
    return []
  }

  /**
   * @throws StackError `STORE_UNUSABLE`, `STORE_LOCKED`, `STORE_DAMAGED` or `STORE_FORMAT`, which name the directory or the file, and
   * say what to do.
   */
  override async start(): Promise<void> {
    try {
      await super.start()
    } catch (error) {
      throw this.#explain(error as Error)
    }
    const { path, sync } = this.config
    const when = sync === 'commit' ? 'with each commit' : 'about a second behind'
    this.stack.log.event('store.opened', { owner: 'lmdb-backend', path, when })
  }

  /** The driver's own errors name the place; those of the kit are of what is in the file. */
  #explain(error: Error): Error {
    const file = join(this.config.path, 'data.mdb')
    const code = isStackError(error) ? error.code : undefined
    if (code === 'STORE_DAMAGED' || code === 'MESSAGE_UNREADABLE' || error instanceof RangeError) {
      const fix = `it is ${setAside(file)} now; start again to begin with an empty store`
      const text = `lmdb-backend: ${file} is damaged (${error.message}): ${fix}`
      return new StackError('STORE_DAMAGED', text, { cause: error })
    }
    if (code !== 'STORE_FORMAT' || error.message.includes(file)) return error
    const fix = 'use the version that wrote it, or name another directory; nothing was changed'
    return new StackError('STORE_FORMAT', `lmdb-backend: ${file}: ${error.message}: ${fix}`, { cause: error })
  }

  #warn(file: string, aside: string, reason: string): void {
    this.stack.log.event('store.set-aside', { owner: 'lmdb-backend', file, aside, cause: reason })
  }
}
