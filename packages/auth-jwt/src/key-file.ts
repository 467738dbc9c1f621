/** A key in a file, which is read again when it changes. */
import type { FileWatch, Stack } from '@mqtt-stack/core'
import { fileProblem, readRegular, StackError, watchFile } from '@mqtt-stack/core'
import type { KeySource } from './key-source.ts'
import type { FindKey, KeyUse } from './keys.ts'
import { readKey } from './keys.ts'

export class KeyFile implements KeySource {
  readonly #path: string
  readonly #use: KeyUse
  #find: FindKey | undefined
  #watch: FileWatch | undefined

  /** @param use Its `what` names the owner and this file. */
  constructor(path: string, use: KeyUse) {
    this.#path = path
    this.#use = use
  }

  /** @throws StackError `OPTION_INVALID` where the file cannot be read or holds no such key. */
  async start({ clock, log }: Pick<Stack, 'clock' | 'log'>): Promise<void> {
    const { what } = this.#use
    this.#watch = watchFile(
      this.#path,
      (contents) => {
        try {
          this.#find = this.#read(contents)
          log.event('keys.reloaded', { what })
        } catch (error) {
          log.event('keys.failed', { cause: (error as Error).message })
        }
      },
      clock,
    )
    try {
      this.#find = this.#read(await readRegular(this.#path).catch((error: Error) => error))
    } catch (error) {
      this.stop()
      throw error
    }
  }

  /** @throws StackError as {@link start}. */
  async check(): Promise<void> {
    this.#read(await readRegular(this.#path).catch((error: Error) => error))
  }

  retire(): void {
    this.stop()
  }

  stop(): void {
    this.#watch?.close()
  }

  readonly find: FindKey = (header, token) => (this.#find as FindKey)(header, token)

  #read(contents: Buffer | Error): FindKey {
    if (contents instanceof Error) {
      const why = fileProblem(contents)
      throw new StackError('OPTION_INVALID', `${this.#use.what} cannot be read: ${why}`, { cause: contents })
    }
    return readKey(contents.toString().replace(/[\r\n]+$/, ''), this.#use)
  }
}
