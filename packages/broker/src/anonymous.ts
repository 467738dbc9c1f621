/** The provider for clients whom nobody has to know. */
import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'

/** Where clients may connect whom nobody knows: everywhere, nowhere, or from this machine alone. */
export type AllowAnonymous = boolean | 'local'

export interface AnonymousOptions {
  /** Everywhere, or from this machine alone. */
  readonly where: true | 'local'
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
export function anonymous({ where, users, rules }: AnonymousOptions): MiddlewareLike {
  return {
    name: 'Anonymous',
    last: true,

    authenticateConnection(
      ctx: Context<'authenticateConnection'>,
      store: Store<'authenticateConnection'>,
    ): void {
      const { client, packet, username, password } = ctx
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
    },

    ...(rules && {
      authorizePacket({ client }: Context<'authorizePacket'>, store: Store<'authorizePacket'>): void {
        if (admission.peek(client)?.granted === true) store.valid = true
      },
    }),
  }
}
