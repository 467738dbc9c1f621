/** The provider of a broker that has none of its own: clients without a name, on this machine. */
import type { Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'

/** Where clients without user name and password may connect: everywhere, nowhere, or on local listeners. */
export type AllowAnonymous = boolean | 'local'

class Admission {
  granted = false
}

const admission = new Slot(() => new Admission())

/**
 * Admits clients that present no user name, no password and no authentication method; whoever claims to be somebody
 * must be known to a provider of the user's own. It is last: it decides only what nobody else has.
 * @param where `true`, or only on listeners that this machine alone can reach.
 * @param rules Whether it also answers authorizePacket: yes to those it admitted, and to nobody else.
 */
export function anonymous(where: true | 'local', rules: boolean): MiddlewareLike {
  return {
    name: 'Anonymous',
    last: true,

    authenticateConnection(
      ctx: Context<'authenticateConnection'>,
      store: Store<'authenticateConnection'>,
    ): void {
      const { client, packet, username, password } = ctx
      const named = username !== undefined || password !== undefined
      if (named || packet.properties?.authenticationMethod !== undefined) return
      if (where !== true && !client.listener.local) return
      admission.of(client).granted = true
      store.valid = true
    },

    ...(rules && {
      authorizePacket({ client }: Context<'authorizePacket'>, store: Store<'authorizePacket'>): void {
        if (admission.peek(client)?.granted === true) store.valid = true
      },
    }),
  }
}
