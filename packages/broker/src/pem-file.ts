/** Files of certificates and keys that a command or a configuration names. */
import { readFileSync, statSync } from 'node:fs'
import { fileProblem } from '@mqtt-stack/core'
import type { PemSource } from './listeners/pem.ts'
import { readPem } from './listeners/pem.ts'

/**
 * What a listener is told of a file: to read it, and to read it again when it changes. What is no regular file, such as a
 * pipe, can be read once: its text.
 * @throws Error that says why it is no PEM file.
 */
export function pemFile(path: string): PemSource {
  try {
    const isOnce = isStream(path)
    const text = isOnce ? readOnce(path) : readPem({ file: path })
    if (!text.includes('-----BEGIN ')) throw new Error('it is no PEM file')
    return isOnce ? text : { file: path }
  } catch (error) {
    const { message, cause = error } = error as Error
    throw new Error(`cannot read ${path}: ${message}: name a readable PEM file`, { cause })
  }
}

/** Whether what it holds comes once. What cannot be looked at is told of by whoever reads it. */
function isStream(path: string): boolean {
  try {
    const stats = statSync(path)
    return !stats.isFile() && !stats.isDirectory()
  } catch {
    return false
  }
}

function readOnce(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(fileProblem(error), { cause: error })
  }
}
