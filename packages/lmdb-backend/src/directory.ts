/** The directory that a store is in: made, looked at, held by one store at a time. */
import { Buffer } from 'node:buffer'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { StackError } from '@mqtt-stack/core'

/** Directories that stores of this process have open, by their real path. */
const held = new Set<string>()

/**
 * Makes the directory and holds it for this store alone.
 * @returns Lets go of it.
 * @throws StackError `STORE_UNUSABLE`, `STORE_LOCKED`
 */
export function holdDirectory(path: string): () => void {
  try {
    makeDirectory(resolve(path))
    if (!statSync(path).isDirectory()) throw notADirectory(path)
    for (const file of [path, join(path, 'data.mdb')])
      if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK)
    probe(join(path, `probe-${process.pid}`))
  } catch (error) {
    throw unusable(path, error as NodeJS.ErrnoException)
  }
  const real = realpathSync(path)
  if (held.has(real)) throw locked(path, 'another store of this process')
  held.add(real)
  return () => void held.delete(real)
}

/** One by one: Node's own way does not say that a file system is read-only. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path)
}

/** LMDB maps a file of this size, and on a full disk that is the end of the process. */
const PROBE = 65_536

function probe(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(PROBE, 1))
  } finally {
    rmSync(path, { force: true })
  }
}

/**
 * Gives a file another name beside the old one, so that it is out of the way and nothing of it is lost.
 * @returns The new path.
 */
export function setAside(path: string): string {
  for (let i = 1; ; i++) {
    const aside = `${path}.set-aside-${i}`
    if (existsSync(aside)) continue
    renameSync(path, aside)
    return aside
  }
}

/** @param by Who has it. */
export function locked(path: string, by: string): StackError {
  const fix = 'stop it, or name another directory'
  return new StackError('STORE_LOCKED', `lmdb-backend: ${path} is in use by ${by}: ${fix}`)
}

function notADirectory(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(path), { code: 'ENOTDIR' })
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'it may not be read and written: give this user the right to',
  EPERM: 'it may not be read and written: give this user the right to',
  EROFS: 'its file system is read-only: mount it writable, or name another directory',
  ENOSPC: 'no space is left there: free some, or name another directory',
  EDQUOT: 'the quota is used up: free some space, or name another directory',
  ENOTDIR: 'it is no directory: name another',
  EEXIST: 'it is no directory: name another',
}

/** Bytes that are left where there are too few. */
const FULL = 1_048_576

/** The numbers of some errors, as LMDB has them. */
const CODES: Readonly<Record<number, string>> = {
  5: 'EIO',
  13: 'EACCES',
  28: 'ENOSPC',
  30: 'EROFS',
  122: 'EDQUOT',
}

/** What is wrong with a directory, and what to do, where that is known. */
export function reasonOf(
  path: string,
  { code, message }: { code?: string | number; message: string },
): string {
  const name = typeof code === 'number' ? CODES[code] : code
  return REASONS[name === 'EIO' && isFull(path) ? 'ENOSPC' : (name ?? '')] ?? message
}

/** What fits in half before the disk is full is an input or output error to LMDB. */
function isFull(path: string): boolean {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize < FULL
}

/** The error of a directory in which nothing can be opened. */
export function unusable(path: string, cause: NodeJS.ErrnoException): StackError {
  return new StackError('STORE_UNUSABLE', `lmdb-backend: ${path} cannot be used: ${reasonOf(path, cause)}`, {
    cause,
  })
}
