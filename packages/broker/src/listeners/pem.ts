/** PEM text: given as it is, or as the file that it is in. */
import { Buffer } from 'node:buffer'
import { fileProblem, readRegularSync } from '@mqtt-stack/core'

/** The text, its bytes, or the file that holds it, which is read again when it changes. */
export type PemSource = string | Uint8Array | PemFile

/** A file of PEM text. */
export interface PemFile {
  readonly file: string
}

/** The file that text comes from, if it does. */
export function fileOf(source: PemSource | undefined): string | undefined {
  if (source === undefined || typeof source === 'string' || source instanceof Uint8Array) return undefined
  return source.file
}

/** @throws Error of a file that cannot be read, saying why. */
export function readPem(source: PemSource): string {
  const file = fileOf(source)
  if (file === undefined)
    return typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString()
  try {
    return readRegularSync(file).toString()
  } catch (error) {
    throw new Error(fileProblem(error), { cause: error })
  }
}

/** The blocks that begin with `label` (`CERTIFICATE`, `X509 CRL`), each as PEM text. */
export function blocksOf(pem: string, label: string): string[] {
  const begin = `-----BEGIN ${label}-----`
  const [, ...blocks] = pem.split(begin)
  return blocks.map((block) => begin + block)
}

/**
 * The bytes of a block.
 * @throws Error where its end is missing.
 */
export function bytesOf(block: string): Buffer {
  const [, text] = /^-----BEGIN [^-]+-----([^-]*)-----END /.exec(block) ?? []
  if (text === undefined) throw new Error('it is cut off')
  return Buffer.from(text, 'base64')
}
