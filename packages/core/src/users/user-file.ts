import { readFileSync, statSync } from 'node:fs'
import type { Logger } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { Clock, FileWatch } from '../time/index.ts'
import { watchFile } from '../time/index.ts'
import type { User } from './user.ts'
import { parseUsers } from './user.ts'

/** What a provider makes of the users: it decodes of each line what is its own, or throws `FILE_INVALID`. */
export type DecodeUsers<Known> = (users: ReadonlyMap<string, User>, path: string) => Known | Promise<Known>

export interface UserFileOptions<Known> {
  /** Where the file is. */
  readonly path: string
  /** The name of the provider, for errors and the log. */
  readonly owner: string
  readonly decode: DecodeUsers<Known>
  /** The file was changed, and is in force. */
  readonly onChange: () => void
}

/** A file of users that is read again when it changes. One that cannot be used then is logged, and changes nothing. */
export class UserFile<Known> {
  readonly #options: UserFileOptions<Known>
  #known: Known | undefined
  #watch: FileWatch | undefined
  /** Readings are applied in their order, however long each takes. */
  #reading: Promise<void> = Promise.resolve()

  constructor(options: UserFileOptions<Known>) {
    this.#options = options
  }

  /** What the provider made of the file that is in force. */
  get known(): Known {
    return this.#known as Known
  }

  /** @throws StackError `FILE_INVALID` where the file cannot be used. */
  async open({ clock, log }: { clock: Clock; log: Logger }): Promise<void> {
    const { path, owner } = this.#options
    this.#watch = watchFile(path, (contents) => this.#readAgain(contents, log), clock)
    try {
      this.#known = await this.#decode(readUsers(path, owner), log)
    } catch (error) {
      this.close()
      throw error
    }
    if (isOpenToAll(path)) log.warn(`${owner}: everybody on this machine may read ${path}: chmod 600 ${path}`)
  }

  close(): void {
    this.#watch?.close()
  }

  #readAgain(contents: Buffer | Error, log: Logger): void {
    const { path, owner, onChange } = this.#options
    this.#reading = this.#reading.then(async () => {
      try {
        if (contents instanceof Error) throw unreadable(path, owner, contents)
        this.#known = await this.#decode(contents, log)
        log.info(`${owner}: ${path} was changed and is in force`)
        onChange()
      } catch (error) {
        const why = (error as Error).message
        log.error(`${owner}: ${path} was changed and cannot be used, what it held before stays: ${why}`)
      }
    })
  }

  async #decode(contents: Buffer, log: Logger): Promise<Known> {
    const { path, owner, decode } = this.#options
    const users = parseUsers(contents, path)
    const known = await decode(users, path)
    if (users.size === 0) {
      log.warn(`${owner}: there is no user in ${path}: add one with mqtt-stack passwd ${path} NAME`)
    }
    return known
  }
}

function readUsers(path: string, owner: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, owner, error as Error)
  }
}

function unreadable(path: string, owner: string, cause: NodeJS.ErrnoException): StackError {
  const why = {
    ENOENT: `there is no such file: make it with mqtt-stack passwd ${path} NAME`,
    EACCES: 'this user of the machine may not read it: change its owner or its mode',
    EISDIR: 'it is a folder: name the file in it',
  }[cause.code ?? '']
  return new StackError('FILE_INVALID', `${owner}: cannot read ${path}: ${why ?? cause.message}`, { cause })
}

/** Its mode lets in others than owner and group; Windows has no such modes. */
function isOpenToAll(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
  return process.platform !== 'win32' && (mode & 0o007) !== 0
}
