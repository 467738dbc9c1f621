/** The provider for clients whom nobody has to know. */
import type { Client, Context, Handler, MiddlewareLike, Standing, Store } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'

/** Where clients may connect whom nobody knows: everywhere, nowhere, or from this machine alone. */
export type AllowAnonymous = boolean | 'local'

export interface AnonymousOptions {
  /** Everywhere, from this machine alone, or nowhere. */
  readonly where: AllowAnonymous
  /** Somebody else knows users. Otherwise, where everybody is let in, a name is a label and no identity. */
  readonly users: boolean
  /** It answers authorizePacket as well: yes to those it admitted, and to nobody else. */
  readonly rules: boolean
}

class Admission {
  granted = false
}

const admission = new Slot(() => new Admission())

/**
 * Admits clients that nobody has to know. It is last: it decides only what nobody else has. Whoever presents a name or a
 * password is left to the providers; where there are none and everybody is let in, it is admitted as anybody is.
 * Whoever names an authentication method never is.
 */
export class Anonymous implements MiddlewareLike {
  readonly name = 'Anonymous'
  readonly last = true
  authenticateConnection: Handler<'authenticateConnection'> | undefined
  authorizePacket: Handler<'authorizePacket'> | undefined
  stack?: NonNullable<MiddlewareLike['stack']>
  #options: AnonymousOptions
  readonly #standing: Standing = { by: this, allows: isAdmitted }

  constructor(options: AnonymousOptions) {
    this.#options = options
    this.#answer()
  }

  /** It has nothing to open; one that answers nothing yet may do so later, and is not idle. */
  start(): void {}

  /** What holds. */
  get config(): AnonymousOptions {
    return this.#options
  }

  /** Other options from now on, for clients that connect; who was let in stays so. */
  reconfigure(options: AnonymousOptions): void {
    this.#options = options
    this.#answer()
    this.stack?.refresh()
  }

  #answer(): void {
    const { where, rules } = this.#options
    this.authenticateConnection = where === false ? undefined : (ctx, store) => this.#admit(ctx, store)
    this.authorizePacket = rules ? (ctx, store) => this.#allow(ctx, store) : undefined
  }

  #admit(
    { client, packet, username, password }: Context<'authenticateConnection'>,
    store: Store<'authenticateConnection'>,
  ): void {
    const { where, users } = this.#options
    const named = username !== undefined || password !== undefined
    if (packet.properties?.authenticationMethod !== undefined || (named && users)) return
    if (named && where !== true) {
      store.reason ??= 'nobody here knows user names; with allowAnonymous (--allow-anonymous) any will do'
      return
    }
    if (where !== true && !client.listener.local) {
      store.reason ??= 'clients that nobody knows may connect from this machine alone'
      return
    }
    admission.of(client).granted = true
    store.valid = true
    store.identity = null
  }

  #allow({ client }: Context<'authorizePacket'>, store: Store<'authorizePacket'>): void {
    if (!isAdmitted(client)) return
    store.valid = true
    store.standing = this.#standing
  }
}

function isAdmitted(client: Client): boolean {
  return admission.peek(client)?.granted === true
}
