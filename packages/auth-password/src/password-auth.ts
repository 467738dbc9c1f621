import type { Client, Context, Resolved, Store } from '@mqtt-stack/core'
import { addressOf, bounded, Middleware, ReasonCode, resolveOptions } from '@mqtt-stack/core'
import { listUsers, removeUser, storeUser, UserFile } from '@mqtt-stack/core/users'
import type { PasswordAuthOptions } from './options.ts'
import { PASSWORD_AUTH_OPTIONS, verificationsAtATime } from './options.ts'
import type { Known } from './passwords.ts'
import { Passwords } from './passwords.ts'
import { Turns } from './turns.ts'
import { EDITS } from './user-changes.ts'
import { weaknessesOf } from './weaknesses.ts'

type Answer = Store<'authenticateConnection'>

/** How verifications stand. */
export interface PasswordAuthStats {
  /** How many run now. */
  readonly running: number
  /** How many wait for their turn now. */
  readonly waiting: number
  /** How many clients were refused because too many waited. */
  readonly refused: number
}

/**
 * Answers for clients with a user name that is in the file: their password is right, or they are refused. Of other names it
 * says nothing, after as long a time. A client whose line is changed or removed is closed.
 */
export class PasswordAuth extends Middleware<PasswordAuthOptions> {
  #file: UserFile<Passwords>
  #running = false
  readonly #turns: Turns
  #refused = 0

  constructor(options: PasswordAuthOptions) {
    super(options, PASSWORD_AUTH_OPTIONS)
    const { file, waiting } = this.config
    this.#turns = new Turns({ running: runningOf(this.config), waiting })
    this.#file = this.#fileAt(file)
  }

  get stats(): PasswordAuthStats {
    const { running, waiting } = this.#turns
    return { running, waiting, refused: this.#refused }
  }

  /**
   * What is weak in the file.
   * @throws StackError `FILE_INVALID` where it cannot be used.
   */
  async check(): Promise<readonly string[]> {
    const { users } = await this.#file.read()
    return weaknessesOf(users, this.config.file)
  }

  /** @throws StackError `FILE_INVALID` where the file cannot be used. */
  async start(): Promise<void> {
    await this.#file.open(this.stack)
    this.#running = true
  }

  stop(): void {
    this.#running = false
    this.#file.close()
  }

  /**
   * Other options from now on. By another file those who are connected stay, unless it does not have their line as it
   * was.
   * @throws StackError as the constructor, or `FILE_INVALID`; then nothing has changed.
   */
  async replace(options: PasswordAuthOptions): Promise<void> {
    const next = resolveOptions(this.name, options, PASSWORD_AUTH_OPTIONS)
    if (next.file !== this.config.file) {
      const file = this.#fileAt(next.file)
      if (this.#running) await file.openInPlaceOf(this.#file, this.stack)
      this.#file = file
    }
    this.#turns.limit({ running: runningOf(next), waiting: next.waiting })
    const mine = this as { config: Resolved<PasswordAuthOptions> }
    mine.config = next
  }

  groupsOf(identity: string): readonly string[] | undefined {
    return this.#file.known.find(identity)?.user.groups
  }

  authenticateConnection(ctx: Context<'authenticateConnection'>, store: Answer): void | Promise<void> {
    const { client, username, password, dry = false } = ctx
    if (username === undefined) return
    const found = this.#file.known.find(username)
    if (password === undefined) {
      if (found === undefined) return
      store.valid = false
      store.detail = `${this.name}: no password was given`
      return
    }
    const known = found ?? this.#file.known.standIn(username)
    if (known === undefined) {
      store.detail ??= `${this.name}: no such user`
      return
    }
    // What the password is a part of is not kept while the client waits.
    const proof = Buffer.from(password)
    const verdict = this.#turns.take(
      addressOf(client.listener.remote),
      () => known.hash.verify(proof),
      // While somebody waits, the end of its stream has not closed it.
      () => client.closed || client.stream.destroyed,
    )
    if (verdict === undefined) return this.#refuse(store, dry)
    return bounded(
      verdict.then((valid) => {
        if (valid === undefined) this.#refuse(store, dry || client.closed || client.stream.destroyed)
        else if (found !== undefined) this.#answer(client, found, valid, store)
        else store.detail ??= `${this.name}: no such user`
      }),
    )
  }

  lookupUsers(ctx: Context<'lookupUsers'>, store: Store<'lookupUsers'>): void {
    listUsers(this.#file, ctx, store)
  }

  /** @throws StackError `OPTION_INVALID` for what cannot be a user, `FILE_INVALID` where the file cannot be written. */
  storeUser(ctx: Context<'storeUser'>, store: Store<'storeUser'>): Promise<void> {
    return storeUser(this.#file, EDITS, ctx, store, this.stack)
  }

  /** @throws StackError `FILE_INVALID` where the file cannot be written. */
  removeUser(ctx: Context<'removeUser'>, store: Store<'removeUser'>): Promise<void> {
    return removeUser(this.#file, EDITS, ctx, store, this.stack)
  }

  #fileAt(path: string): UserFile<Passwords> {
    return new UserFile({
      path,
      owner: this.name,
      decode: (users) => Passwords.of(users, path),
      proofOf: ({ hash }) => hash,
    })
  }

  #answer(client: Client, { user }: Known, valid: boolean, store: Answer): void {
    store.valid = valid && this.#file.admit(client, user)
    if (store.valid) store.groups = user.groups
    else
      store.detail = valid
        ? `${this.name}: the user has been changed or removed`
        : `${this.name}: the password is wrong`
  }

  /** @param isNobody Who asks is no client, or not any more. */
  #refuse(store: Answer, isNobody: boolean): void {
    if (!isNobody) this.#refused++
    store.valid = false
    store.reasonCode = ReasonCode.SERVER_BUSY
    store.reason = 'too many clients wait for their passwords to be verified: try again later'
  }
}

function runningOf({ verifications }: PasswordAuthOptions): number {
  return verifications ?? verificationsAtATime()
}
