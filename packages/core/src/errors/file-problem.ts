/** Why a file cannot be read, by the code of its error. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  ENXIO: 'it is no regular file but a pipe, a socket or a device',
  ERR_NOT_A_FILE: 'it is no regular file but a pipe, a socket or a device',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8',
}

/**
 * Why a file cannot be read, in words that a sentence ends with: `there is no such file`. Of an error that is none of the
 * usual ones, its message.
 *
 * ```ts
 * throw new StackError('FILE_INVALID', `Users: cannot read ${path}: ${fileProblem(error)}`, { cause: error })
 * ```
 * @param error As `readFile`, or a `TextDecoder` that is `fatal`, has thrown it.
 * @param fixes What to do, by the code of the error: `{ ENOENT: 'make it with …' }`. It stands behind a colon.
 */
export function fileProblem(error: unknown, fixes: Readonly<Record<string, string>> = {}): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  const words = WORDS[code] ?? message
  const fix = fixes[code]
  return fix === undefined ? words : `${words}: ${fix}`
}
