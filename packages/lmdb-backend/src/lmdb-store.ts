/** The driver: an ordered store of bytes in an LMDB database. */
import type { Buffer } from 'node:buffer'
import { setTimeout as delay } from 'node:timers/promises'
import { StackError } from '@mqtt-stack/core'
import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import { PAGE_BYTES } from '@mqtt-stack/core/backend'
import type { DatabaseOptions } from './database-options.ts'
import { holdDirectory, reasonOf } from './directory.ts'
import { causeOf, checkHealth, isHealthy } from './health.ts'
import type { Database } from './open-database.ts'
import { openDatabase } from './open-database.ts'

/** With `sync: 'interval'`, how long the disk may lag behind, in ms. */
const LAG = 1_000
/** In how many ms a database that failed must have closed. */
const CLOSING = 5_000
/** How long no write is tried behind one that failed, in ms. */
const PAUSE = 1_000

export class LmdbStore implements OrderedStore {
  readonly #options: DatabaseOptions
  /** While the store is open; rejects where a database that failed could not be opened again. */
  #opening: Promise<Database> | undefined
  /** Unless it is being opened, or failed. */
  #db: Database | undefined
  #letGo = (): void => {}
  #flushing: Promise<unknown> | undefined
  #flushingSince = 0
  #failure: { readonly error: StackError; readonly at: number } | undefined

  constructor(options: DatabaseOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    this.#letGo = holdDirectory(this.#options.path)
    try {
      await this.#open()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const db = await this.#opening?.catch(() => undefined)
    this.#db = this.#opening = undefined
    await db?.close()
    this.#letGo()
    this.#letGo = () => {}
  }

  read({ from, to }: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]> {
    if (this.#db === undefined) return this.#opened().then((db) => readFrom(db, from, to, limit))
    return readFrom(this.#db, from, to, limit)
  }

  async write(batch: readonly Change[]): Promise<void> {
    const db = await this.#opened()
    // LMDB prints each failure to stderr, and there is one for every message.
    if (this.#failure !== undefined && performance.now() - this.#failure.at < PAUSE) throw this.#failure.error
    try {
      checkHealth(db)
      await db.batch(() => {
        for (const { key, value } of batch) {
          if (value === undefined) db.remove(key)
          else db.put(key, value as Buffer)
        }
      })
      if (this.#options.sync === 'interval') await this.#boundLag(db)
      this.#failure = undefined
    } catch (error) {
      const cause = await causeOf(error as Error)
      this.#mend(db)
      const { path } = this.#options
      const message = `lmdb-backend: cannot write to ${path}: ${reasonOf(path, cause)}`
      this.#failure = { error: new StackError('STORE_FAILED', message, { cause }), at: performance.now() }
      throw this.#failure.error
    }
  }

  /** LMDB flushes behind each commit. Writes wait for a flush that takes too long. */
  async #boundLag(db: Database): Promise<void> {
    if (this.#flushing === undefined) {
      this.#flushingSince = performance.now()
      const flushed = Promise.resolve(db.flushed).catch(() => {})
      this.#flushing = flushed.then(() => {
        this.#flushing = undefined
      })
    } else if (performance.now() - this.#flushingSince > LAG) await this.#flushing
  }

  /** The database, opened again if it failed. */
  async #opened(): Promise<Database> {
    if (this.#opening === undefined) throw new StackError('STORE_CLOSED', 'lmdb-backend: the store is closed')
    return this.#db ?? this.#opening.catch(() => this.#open())
  }

  #open(): Promise<Database> {
    const opening = openDatabase(this.#options).then((db) => {
      if (this.#opening === opening) this.#db = db
      return db
    })
    this.#opening = opening
    return opening
  }

  /** A full disk leaves the database as it was. Other failures leave one that answers nothing any more. */
  #mend(db: Database): void {
    if (this.#db !== db || isHealthy(db)) return
    this.#db = undefined
    this.#opening = Promise.race([db.close(), delay(CLOSING)]).then(() => this.#open())
    this.#opening.catch(() => {})
  }
}

function readFrom(db: Database, from: Uint8Array, to: Uint8Array, limit: number): Entry[] {
  checkHealth(db)
  const entries: Entry[] = []
  let bytes = 0
  for (const entry of db.getRange({ start: from, end: to, limit })) {
    entries.push(entry)
    bytes += entry.value.length
    // A thousand of the largest messages are not copied at once.
    if (bytes >= PAGE_BYTES) break
  }
  return entries
}
