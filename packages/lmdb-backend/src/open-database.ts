/** Opens the database of a directory, once it is known to be sound and nobody else's. */
import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import { isStackError, StackError } from '@mqtt-stack/core'
import { MAX_KEY_BYTES } from '@mqtt-stack/core/backend'
import type { RootDatabase } from 'lmdb'
import { open } from 'lmdb'
import type { DatabaseOptions } from './database-options.ts'
import { locked, setAside, unusable } from './directory.ts'
import { findDamage, isUnflushed, lookAt } from './lmdb-file.ts'

export type Database = RootDatabase<Buffer, Uint8Array>

/**
 * What cannot be read gets another name, and an empty database takes its place.
 * @throws StackError `STORE_UNUSABLE`, `STORE_LOCKED` or `STORE_FORMAT`
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const file = join(options.path, 'data.mdb')
  try {
    const look = lookAt(file)
    if (look === 'newer') throw newer(file)
    if (look === 'foreign') aside(options, file, 'it is no database of this program')
    if (look === 'damaged') aside(options, file, 'its first pages are damaged')
    const db = await openAlone(options)
    const damage = findDamage(file, lastTransaction(db))
    if (damage === undefined) return db
    await db.close()
    aside(options, file, `it is damaged: ${damage}`)
    return await openAlone(options)
  } catch (error) {
    throw isStackError(error) ? error : unusable(options.path, error as NodeJS.ErrnoException)
  }
}

async function openAlone(options: DatabaseOptions): Promise<Database> {
  // What the machine lost of the last commits, only the mode that wrote them can go back from.
  if (options.sync === 'commit' && isUnflushed(join(options.path, 'data.mdb'))) await settle(options)
  const db = openPlain(options)
  // From here on others find this process among the readers.
  db.useReadTransaction().done()
  db.readerCheck()
  const readers = [...db.readerList().matchAll(/^\s*(\d+)\s/gm)].map(([, pid]) => Number(pid))
  const other = readers.find((pid) => pid !== process.pid)
  if (other === undefined) return db
  await db.close()
  throw locked(options.path, `process ${other}`)
}

function openPlain({ path, sync }: DatabaseOptions): Database {
  return open<Buffer, Uint8Array>({
    path,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: 1,
    overlappingSync: sync === 'interval',
    // With it, one turn of the event loop is one commit, and nobody hears of its failure.
    eventTurnBatching: false,
  })
}

/** Has the disk catch up with what was written with `interval`; that takes a commit that changes something. */
async function settle(options: DatabaseOptions): Promise<void> {
  const db = await openAlone({ ...options, sync: 'interval' })
  const key = new Uint8Array(MAX_KEY_BYTES + 1)
  await db.put(key, Buffer.alloc(0))
  await db.remove(key)
  await db.flushed
  await db.close()
}

function aside({ onSetAside }: DatabaseOptions, file: string, reason: string): void {
  onSetAside(file, setAside(file), reason)
}

function lastTransaction(db: Database): number {
  return (db.getStats() as { lastTxnId: number }).lastTxnId
}

function newer(file: string): StackError {
  const fix = 'use that version, or name another directory; nothing was changed'
  return new StackError(
    'STORE_FORMAT',
    `lmdb-backend: ${file} was written by a later version of LMDB: ${fix}`,
  )
}
