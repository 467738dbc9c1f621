/** Changes a file as a whole: whoever reads it meanwhile sees it as it was, or as it is then. */
import type { Stats } from 'node:fs'
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { isStackError, StackError } from '../errors/index.ts'
import { readRegularSync } from '../time/index.ts'

/**
 * Writes what `change` makes of a file into another one beside it, and renames that. A new file is for its owner alone
 * (0600). One that was there keeps owner, group and mode, but for the rights of everybody else.
 * @param change Gets the text, `undefined` where there is no such file. Answers the new text; where it
 *   throws the file stays as it is.
 * @throws StackError `FILE_INVALID` where it cannot be read or written, or is being changed by somebody else.
 */
export async function replaceFile(
  path: string,
  change: (text: string | undefined) => Promise<string>,
): Promise<void> {
  const target = targetOf(path)
  const beside = `${target}.new`
  const descriptor = openBeside(path, beside)
  try {
    // It is closed before it is renamed: Windows renames no file that is open.
    await write(descriptor, path, target, change).finally(() => closeSync(descriptor))
    renameSync(beside, target)
  } catch (error) {
    rmSync(beside, { force: true })
    throw toStackError(path, error as NodeJS.ErrnoException)
  }
}

async function write(
  descriptor: number,
  path: string,
  target: string,
  change: (text: string | undefined) => Promise<string>,
): Promise<void> {
  const before = statSync(target, { throwIfNoEntry: false })
  const text = await change(before === undefined ? undefined : read(path, target))
  if (before !== undefined) keepRights(descriptor, before)
  writeFileSync(descriptor, text)
  fsyncSync(descriptor)
}

/** A link stays one. */
function targetOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function openBeside(path: string, beside: string): number {
  try {
    return openSync(beside, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toStackError(path, error as Error)
    const what = `${beside} is there: another command is changing ${path}`
    throw new StackError('FILE_INVALID', `${what}; if none is, remove ${beside}`, { cause: error })
  }
}

function read(path: string, target: string): string {
  const text = readRegularSync(target)
  if (!text.equals(Buffer.from(text.toString()))) {
    throw new StackError('FILE_INVALID', `${path}: is not UTF-8: save the file in that encoding`)
  }
  return text.toString()
}

function keepRights(descriptor: number, { mode, uid, gid }: Stats): void {
  if (process.platform === 'win32') return
  const { uid: ownUid, gid: ownGid } = fstatSync(descriptor)
  if (uid !== ownUid || gid !== ownGid) fchownSync(descriptor, uid, gid)
  fchmodSync(descriptor, mode & 0o770)
}

function toStackError(path: string, error: NodeJS.ErrnoException): Error {
  if (isStackError(error)) return error
  const why = {
    EACCES: 'this user of the machine may not write there',
    EPERM: 'this user of the machine may not write there, or not keep its owner',
    ENOENT: 'there is no such folder: make it first',
    ENOTDIR: 'it is not in a folder',
    EISDIR: 'it is a folder: name the file in it',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
  }[error.code ?? '']
  return new StackError('FILE_INVALID', `cannot change ${path}: ${why ?? error.message}`, { cause: error })
}
