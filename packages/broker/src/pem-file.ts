/** Files of certificates and keys that a command or a configuration names. */
import { statSync } from 'node:fs'
import type { PemSource } from './listeners/pem.ts'
import { readPem } from './listeners/pem.ts'

/**
 * What a listener is told of a file: to read it, and to read it again when it changes. What is no regular file, such as a
 * pipe, can be read once: its text.
 * @throws Error that says why it is no PEM file.
 */
export function pemFile(path: string): PemSource {
  try {
    const text = readPem({ file: path })
    if (!text.includes('-----BEGIN ')) throw new Error('it is no PEM file')
    return statSync(path).isFile() ? { file: path } : text
  } catch (error) {
    const { message, cause = error } = error as Error
    throw new Error(`cannot read ${path}: ${message}: name a readable PEM file`, { cause })
  }
}
