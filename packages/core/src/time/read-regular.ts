/** Files that are read whole: a pipe, on which nothing may ever come, and a device, which may have no end, are none. */
import type { Stats } from 'node:fs'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'

/** Bytes: of a hundred thousand users with keys that is several times as much as they take. */
const LARGEST = 256 * 1_024 * 1_024
/** A pipe that nobody writes to is opened at once. There is no such thing on Windows. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Reads a file that somebody else may put a pipe or a device in place of: nothing waits for it, and no memory is filled.
 * @throws Error with a `code`, as `readFile` has: `ERR_NOT_A_FILE` of what is none, `ERR_FS_FILE_TOO_LARGE` above 256 MiB.
 */
export async function readRegular(path: string): Promise<Buffer> {
  const file = await open(path, READ)
  try {
    check(await file.stat())
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** The same, at once. */
export function readRegularSync(path: string): Buffer {
  const file = openSync(path, READ)
  try {
    check(fstatSync(file))
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

function check(stats: Stats): void {
  if (stats.isDirectory()) throw failure('EISDIR', 'it is a folder')
  if (!stats.isFile())
    throw failure('ERR_NOT_A_FILE', 'it is no regular file but a pipe, a socket or a device')
  if (stats.size > LARGEST) throw failure('ERR_FS_FILE_TOO_LARGE', 'it is larger than 256 MiB')
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
