/** Certificates and keys out of files. */
import { readFileSync } from 'node:fs'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a folder',
}

/** @throws Error that says why a file is no PEM file. */
export function readPem(path: string): Buffer {
  try {
    const file = readFileSync(path)
    if (!file.includes('-----BEGIN ')) throw new Error('it is no PEM file')
    return file
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const text = `cannot read ${path}: ${REASONS[code] ?? message}: name a readable PEM file`
    throw new Error(text, { cause: error })
  }
}
