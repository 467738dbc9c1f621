import { statSync } from 'node:fs'
import type { Client, Log, Stack } from '../contract/index.ts'
import { Slot } from '../contract/index.ts'
import { fileProblem, StackError } from '../errors/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { FileWatch } from '../time/index.ts'
import { readRegularSync, watchFile } from '../time/index.ts'
import { replaceFile } from './replace-file.ts'
import type { User } from './user.ts'
import { parseUsersInTurns } from './user.ts'

/** What a provider makes of the users: it decodes of each line what is its own, or throws `FILE_INVALID`. */
export type DecodeUsers<Known> = (users: ReadonlyMap<string, User>, path: string) => Known | Promise<Known>

export interface UserFileOptions<Known> {
  /** Where the file is. */
  readonly path: string
  /** The name of the provider, for errors and the log. */
  readonly owner: string
  readonly decode: DecodeUsers<Known>
  /** What of a user's line lets it in; the groups count by themselves. */
  readonly proofOf: (user: User) => string
  /** Whether the provider can let a user in at all; absent: all. Others are not listed. */
  readonly isOwn?: (user: User) => boolean
}

/** What of a stack a file needs. */
export type UserFileStack = Pick<Stack, 'clients' | 'clock' | 'closeClient' | 'log'>

/** The users of a file, and what the provider made of them. */
export interface Decoded<Known> {
  readonly users: ReadonlyMap<string, User>
  readonly known: Known
}

/** The line that let a client in. */
class Admission {
  file: object | undefined
  user: User | undefined
}

const admission = new Slot(() => new Admission())

/**
 * A file of users that is read again when it changes. One that cannot be used then is logged, and changes nothing. A
 * client whose line is changed or removed is closed.
 */
export class UserFile<Known> {
  readonly #options: UserFileOptions<Known>
  #known: Known | undefined
  #users: ReadonlyMap<string, User> = new Map()
  #watch: FileWatch | undefined
  /** Readings are applied in their order, however long each takes. */
  #reading: Promise<void> = Promise.resolve()
  /** One change at a time. */
  #writing: Promise<unknown> = Promise.resolve()
  /** The names of the users in force, in order; made when they are asked for. */
  #names: readonly string[] | undefined

  constructor(options: UserFileOptions<Known>) {
    this.#options = options
  }

  /** The name of the provider. */
  get owner(): string {
    return this.#options.owner
  }

  /** Where it is. */
  get path(): string {
    return this.#options.path
  }

  /** What the provider made of the file that is in force. */
  get known(): Known {
    return this.#known as Known
  }

  /** @throws StackError `FILE_INVALID` where the file cannot be used. */
  async open(stack: UserFileStack): Promise<void> {
    const { path, owner } = this.#options
    const { clock, log } = stack
    this.#watch = watchFile(path, (contents) => this.#readAgain(contents, stack), clock)
    try {
      this.#use(await this.read(), log)
    } catch (error) {
      this.close()
      throw error
    }
    if (isOpenToAll(path)) log.event('users.readable', { owner, path })
  }

  close(): void {
    this.#watch?.close()
  }

  /**
   * Opens it in place of another one, which is closed then: whom that let in, this one answers for, and ends the
   * connections of those whom it would not let in as they are.
   * @throws StackError `FILE_INVALID` where the file cannot be used; then the other one goes on.
   */
  async openInPlaceOf(before: UserFile<Known>, stack: UserFileStack): Promise<void> {
    await this.open(stack)
    before.close()
    for (const client of stack.clients) {
      const admitted = admission.peek(client)
      if (admitted?.file === before) admitted.file = this
    }
    this.#closeOthers(stack)
  }

  /**
   * The users that are in the file now, and what the provider makes of them; nothing is in force by that.
   * @throws StackError `FILE_INVALID` where the file cannot be used.
   */
  async read(): Promise<Decoded<Known>> {
    const { path, owner } = this.#options
    return this.#decode(readUsers(path, owner))
  }

  /**
   * The users in force who are the provider's, by name.
   * @param after Only those whose names sort behind this one.
   */
  list(after: string | undefined, limit: number): readonly User[] {
    const { isOwn } = this.#options
    this.#names ??= [...this.#users.values()]
      .filter((user) => isOwn?.(user) ?? true)
      .map(({ name }) => name)
      .sort()
    const names = this.#names
    let [low, high] = [0, after === undefined ? 0 : names.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((names[middle] as string) <= (after as string)) low = middle + 1
      else high = middle
    }
    return names.slice(low, low + limit).map((name) => this.#users.get(name) as User)
  }

  /**
   * Changes the file, which is in force then; connections of those whose line is another one, or gone, are closed.
   * @param change Gets the text that is there, and answers the new one; where it throws nothing changes.
   * @throws StackError `FILE_INVALID` where the file cannot be read or written, or the new text cannot be used.
   */
  write(change: (text: string) => Promise<string>, stack: UserFileStack): Promise<void> {
    const { path } = this.#options
    const write = async (): Promise<void> => {
      let decoded: Decoded<Known> | undefined
      await replaceFile(path, async (text) => {
        const changed = await change(text ?? '')
        // What could not be read again is not written.
        decoded = await this.#decode(Buffer.from(changed))
        return changed
      })
      const reading = this.#reading.then(() => this.#use(decoded as Decoded<Known>, stack.log))
      this.#reading = reading
      await reading
      this.#closeOthers(stack)
    }
    const writing = this.#writing.then(write)
    this.#writing = writing.catch(() => {})
    return writing
  }

  /**
   * Notes that this line let a client in; false where the line is not in force any more, for the file has changed while
   * the client proved who it is.
   */
  admit(client: Client, user: User): boolean {
    if (!this.#isInForce(user)) return false
    admission.set(client, { file: this, user })
    return true
  }

  #isInForce(user: User): boolean {
    const { proofOf } = this.#options
    const now = this.#users.get(user.name)
    return now !== undefined && proofOf(now) === proofOf(user) && now.groups.join() === user.groups.join()
  }

  #readAgain(contents: Buffer | Error, stack: UserFileStack): void {
    const { path, owner } = this.#options
    const { log } = stack
    this.#reading = this.#reading.then(async () => {
      try {
        if (contents instanceof Error) throw unreadable(path, owner, contents)
        this.#use(await this.#decode(contents), log)
        log.event('users.reloaded', { owner, path })
        this.#closeOthers(stack)
      } catch (error) {
        log.event('users.failed', { owner, path, cause: (error as Error).message })
      }
    })
  }

  /** Ends the connections of those who would not be let in any more, or not as they were. */
  #closeOthers(stack: UserFileStack): void {
    for (const client of stack.clients) {
      const { file, user } = admission.peek(client) ?? {}
      if (file !== this || user === undefined || this.#isInForce(user)) continue
      stack.closeClient(client, ReasonCode.ADMINISTRATIVE_ACTION, 'the user was changed or removed')
    }
  }

  async #decode(contents: Buffer): Promise<Decoded<Known>> {
    const { path, decode } = this.#options
    const users = await parseUsersInTurns(contents, path)
    return { users, known: await decode(users, path) }
  }

  #use({ users, known }: Decoded<Known>, log: Log): void {
    const { path, owner } = this.#options
    this.#known = known
    this.#users = users
    this.#names = undefined
    if (users.size === 0) log.event('users.none', { owner, path })
  }
}

function readUsers(path: string, owner: string): Buffer {
  try {
    return readRegularSync(path)
  } catch (error) {
    throw unreadable(path, owner, error as Error)
  }
}

function unreadable(path: string, owner: string, cause: Error): StackError {
  const why = fileProblem(cause, {
    ENOENT: `make it with mqtt-stack passwd ${path} NAME`,
    EACCES: 'change its owner or its mode',
    EISDIR: 'name the file in it',
  })
  return new StackError('FILE_INVALID', `${owner}: cannot read ${path}: ${why}`, { cause })
}

/** Its mode lets in others than owner and group; Windows has no such modes. */
function isOpenToAll(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
  return process.platform !== 'win32' && (mode & 0o007) !== 0
}
