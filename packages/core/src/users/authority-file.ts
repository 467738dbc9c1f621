import { X509Certificate } from 'node:crypto'
import type { Stack } from '../contract/index.ts'
import { fileProblem, StackError } from '../errors/index.ts'
import type { FileWatch } from '../time/index.ts'
import { readRegularSync, watchFile } from '../time/index.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * Certificates of the authorities that a service's own is held against, in place of those that Node knows: of a company's
 * own, say. The file is read again when it changes; one that cannot be used then is logged, and changes nothing.
 */
export class AuthorityFile {
  readonly #path: string
  readonly #what: string
  #pem: string
  #watch: FileWatch | undefined

  /**
   * @param owner Begins an error: `HttpAuth`.
   * @throws StackError `OPTION_INVALID` where it cannot be read, or holds no certificate.
   */
  constructor(path: string, owner: string) {
    this.#path = path
    this.#what = `${owner}: the file of option "caFile" (${path})`
    this.#pem = this.#read(contentsOf(path))
  }

  /** What it holds now, PEM. */
  get pem(): string {
    return this.#pem
  }

  start({ clock, log }: Pick<Stack, 'clock' | 'log'>): void {
    const onChange = (contents: Buffer | Error): void => {
      try {
        this.#pem = this.#read(contents)
        log.event('authorities.reloaded', { what: this.#what })
      } catch (error) {
        log.event('authorities.failed', { cause: (error as Error).message })
      }
    }
    this.#watch = watchFile(this.#path, onChange, clock)
  }

  stop(): void {
    this.#watch?.close()
  }

  #read(contents: Buffer | Error): string {
    const invalid = (why: string, cause?: unknown): StackError =>
      new StackError('OPTION_INVALID', `${this.#what} ${why}`, { cause })
    if (contents instanceof Error) throw invalid(`cannot be read: ${fileProblem(contents)}`, contents)
    const found = contents.toString().match(CERTIFICATE)
    if (found === null)
      throw invalid('holds no certificate: it must be PEM, "-----BEGIN CERTIFICATE-----" and so on')
    for (const [i, pem] of found.entries()) {
      try {
        new X509Certificate(pem)
      } catch (cause) {
        throw invalid(`holds a certificate that cannot be read (the ${i + 1}. of ${found.length})`, cause)
      }
    }
    return found.join('\n')
  }
}

function contentsOf(path: string): Buffer | Error {
  try {
    return readRegularSync(path)
  } catch (error) {
    return error as Error
  }
}
