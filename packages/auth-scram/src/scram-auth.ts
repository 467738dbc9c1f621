import { randomBytes } from 'node:crypto'
import type { Context, Resolved, Steps, Store } from '@mqtt-stack/core'
import { Middleware, proceed, ReasonCode, resolveOptions, Slot } from '@mqtt-stack/core'
import { listUsers, removeUser, storeUser, UserFile } from '@mqtt-stack/core/users'
import type { Begun } from './exchange.ts'
import { begin, finish } from './exchange.ts'
import type { ScramMethod } from './keys.ts'
import type { ScramAuthOptions } from './options.ts'
import { SCRAM_AUTH_OPTIONS } from './options.ts'
import { prepare } from './prepare.ts'
import type { ScramUsers, UsersByMethod } from './scram-users.ts'
import { readScramUsers } from './scram-users.ts'
import { EDITS, hasKeys } from './user-changes.ts'

/** Where the exchange with a client stands. */
class Exchange {
  begun: Begun | undefined
}

const exchange = new Slot(() => new Exchange())

/**
 * Answers exchanges by SCRAM-SHA-256 and SCRAM-SHA-512 for the users of a file who have keys. The password is never sent, and
 * nothing tells whether a user is in the file. A method that no user has keys for is not known.
 */
export class ScramAuth extends Middleware<ScramAuthOptions> {
  #file: UserFile<UsersByMethod>
  #running = false

  constructor(options: ScramAuthOptions) {
    super(options, SCRAM_AUTH_OPTIONS)
    this.#file = this.#fileAt(this.config.file)
  }

  /**
   * What is missing in the file.
   * @throws StackError `FILE_INVALID` where it cannot be used.
   */
  async check(): Promise<readonly string[]> {
    const { known } = await this.#file.read()
    if (Object.values(known).some(({ size }) => size > 0)) return []
    const { file } = this.config
    return [`no user in ${file} has keys for SCRAM: mqtt-stack passwd ${file} NAME --scram`]
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
   * Another file from now on. Those who are connected stay, unless it does not have their line as it was.
   * @throws StackError as the constructor, or `FILE_INVALID`; then nothing has changed.
   */
  async replace(options: ScramAuthOptions): Promise<void> {
    const next = resolveOptions(this.name, options, SCRAM_AUTH_OPTIONS)
    if (next.file === this.config.file) return
    const file = this.#fileAt(next.file)
    if (this.#running) await file.openInPlaceOf(this.#file, this.stack)
    this.#file = file
    const mine = this as { config: Resolved<ScramAuthOptions> }
    mine.config = next
  }

  groupsOf(identity: string): readonly string[] | undefined {
    const { known } = this.#file
    const users = Object.values(known).map((one) => one.find(prepare(identity))?.user)
    return users.find((user) => user?.name === identity)?.groups
  }

  /** Those who have keys. */
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

  authenticateExchange(
    ctx: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): void | Promise<void> {
    const { packet, method } = ctx
    const users = this.#usersOf(method)
    if (users === undefined) return
    store.state = 'failure'
    const begins = packet.cmd === 'connect' || packet.reasonCode === ReasonCode.RE_AUTHENTICATE
    return begins ? proceed(this.#begin(users, ctx, store)) : this.#finish(users, ctx, store)
  }

  /** The name is claimed before there is anything that a guess could be made for. */
  *#begin(
    users: ScramUsers,
    { client, method, data, claim }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): Steps {
    const state = exchange.of(client)
    state.begun = begin(users, data, randomBytes(18).toString('base64'))
    if (state.begun === undefined) {
      store.detail = `${this.name}: what came is no first message of ${method}`
      return
    }
    const { name } = state.begun
    yield claim(users.find(name)?.user.name ?? name)
    store.state = 'continue'
    store.data = state.begun.data
  }

  #finish(
    users: ScramUsers,
    { client, data }: Context<'authenticateExchange'>,
    store: Store<'authenticateExchange'>,
  ): void {
    const state = exchange.of(client)
    const { begun } = state
    state.begun = undefined
    const proven = begun && finish(users, begun, data)
    if (proven === undefined || !this.#file.admit(client, proven.found.user)) {
      store.detail = `${this.name}: ${whyNot(users, begun?.name)}`
      return
    }
    const { user } = proven.found
    store.state = 'success'
    store.identity = user.name
    store.groups = user.groups
    store.data = proven.data
  }

  #fileAt(path: string): UserFile<UsersByMethod> {
    return new UserFile({
      path,
      owner: this.name,
      decode: readScramUsers,
      proofOf: ({ keys }) => keys.join(),
      isOwn: hasKeys,
    })
  }

  #usersOf(method: string): ScramUsers | undefined {
    const { known } = this.#file
    const users = Object.hasOwn(known, method) ? known[method as ScramMethod] : undefined
    return users === undefined || users.size === 0 ? undefined : users
  }
}

/** For the log alone: no client is told whether a user is in the file. */
function whyNot(users: ScramUsers, name: string | undefined): string {
  if (name === undefined) return 'there is no exchange that this message belongs to'
  const shown = JSON.stringify(name)
  return users.find(name) === undefined ? `no such user ${shown}` : `the proof of ${shown} is wrong`
}
