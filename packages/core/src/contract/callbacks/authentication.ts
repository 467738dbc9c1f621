/** Who a client is: its password, or an exchange of AUTH packets. */

import type { ConnectPacket, Packets, ReasonCode } from '../../packets/index.ts'
import type { Client } from '../client.ts'
import type { Done } from '../done.ts'
import { DONE } from '../done.ts'
import { PROCESS } from '../listener.ts'
import type { RulesOf } from './rule.ts'

/** What authenticateConnection is asked with. */
export interface AuthenticateContext {
  readonly client: Client
  readonly packet: ConnectPacket
  readonly username: string | undefined
  readonly password: Uint8Array | undefined
  /** Somebody wants to know what would be answered: nothing happens, count and change nothing. */
  readonly dry?: boolean | undefined
  /** For a name that is not `username`, but stands in the password, say. */
  readonly claim: Claim
}

/**
 * Says as which user a client is about to be proven, before anything that it sent as proof is looked at: so guesses at one
 * user are counted together, whatever user name or client identifier each CONNECT has. Wait for its answer: there may have
 * been too many. `client.closed` says then that it may not go on.
 *
 * ```ts
 * await ctx.claim(name)
 * if (ctx.client.closed) return
 * ```
 */
export type Claim = (username: string) => void | Promise<void>

/** Context and store of each. */
export interface AuthenticationCallbacks {
  /**
   * Is this user who it claims to be? `valid` decides; nobody answering refuses.
   * @executedBy authentication
   * @answeredBy whoever knows clients (providers)
   */
  authenticateConnection: {
    ctx: AuthenticateContext
    store: {
      /** Decides; whoever does not know the client leaves it alone. */
      valid?: boolean
      /** Of a refusal; by default 0x86, or 0x87 for a client without a user name. */
      reasonCode?: ReasonCode
      /** Who the client is from now on; by default its user name, or `token:` and a hash where that is a JSON Web Token. `null`: nobody, whatever it calls itself. */
      identity?: string | null
      /** The groups that it is in, for access rules; none by default. */
      groups?: readonly string[]
      /** Of a refusal, in words: for the client (5.0) and for the log. */
      reason?: string
      /** For the log alone: what no client may hear, such as that nobody has this name. */
      detail?: string
    }
  }

  /**
   * The next step of an enhanced authentication (5.0); nobody knowing the method refuses the client.
   * @executedBy authentication
   * @answeredBy whoever knows clients (providers)
   */
  authenticateExchange: {
    ctx: {
      client: Client
      /** The CONNECT that begins it, or the AUTH that goes on with it. */
      packet: ConnectPacket | Packets['auth']
      /** Authentication method, such as `SCRAM-SHA-256`. */
      method: string
      data: Uint8Array | undefined
      /** The client is accepted already, and authenticates again. */
      again: boolean
      /** For the name that stands in `data`. */
      claim: Claim
    }
    store: {
      /** For the log alone: what no client may hear, such as that nobody has this name. */
      detail?: string
      /** `continue`: the client is to answer `data`; whoever does not know the method leaves it alone. */
      state?: 'continue' | 'success' | 'failure'
      data?: Uint8Array
      /** Who the client is from now on. */
      identity?: string
      /** The groups that it is in, for access rules; none by default. */
      groups?: readonly string[]
      /** Of a failure; 0x87 by default. */
      reasonCode?: ReasonCode
      /** Of a failure, in words: for the client and for the log. */
      reason?: string
    }
  }

  /**
   * A client was not who it claims to be, or nobody knew it, and is closed. Not told where a provider failed, or had no answer (0x88,
   * 0x89).
   * @executedBy authentication
   * @answeredBy rate-limit, anyone
   */
  authenticationFailed: {
    ctx: {
      /** Accepted already where it authenticated again (5.0). */
      client: Client
      /** Whom the client said that it is: the name that a provider claimed for it, or else the user name of the CONNECT. */
      username: string | undefined
      /** Authentication method of an exchange (5.0). */
      method: string | undefined
      /** As the client is told: 0x86, 0x87 or 0x8C unless a provider says otherwise. */
      reasonCode: ReasonCode
      /** The same in words. */
      reason: string
    }
    store: object
  }

  /**
   * A provider has found out as which user a client is about to be proven (`ctx.claim`): may it be tried? Answered when it may; whoever
   * says no closes the client. Of a CONNECT with this very user name it may have been asked before, by the packet.
   * @executedBy authentication
   * @answeredBy rate-limit, anyone
   */
  admitAttempt: {
    ctx: {
      client: Client
      username: string
      /** Authentication method of an exchange (5.0). */
      method: string | undefined
      /** The client is accepted already, and authenticates again (5.0). */
      again: boolean
    }
    store: object
  }

  /**
   * An accepted client has proven again who it is (5.0), and knows that it is believed.
   * @executedBy authentication
   * @answeredBy rate-limit, anyone
   */
  clientReauthenticated: {
    ctx: {
      client: Client
      /** As which user it was proven, where the provider said so (`ctx.claim`). */
      username: string | undefined
      method: string
    }
    store: object
  }
}

/** A listener may say which providers are asked about its clients. */
function isProvider({ client }: { readonly client: Client }, middlewareName: string): boolean {
  return client.listener.providers?.includes(middlewareName) ?? true
}

/** The process itself need not say who it is, and is nobody. */
function admitProcess(
  { client }: AuthenticateContext,
  store: AuthenticationCallbacks['authenticateConnection']['store'],
): void | Done {
  if (client?.listener !== PROCESS) return
  store.valid = true
  store.identity = null
  return DONE
}

/** Their rules. */
export const AUTHENTICATION: RulesOf<AuthenticationCallbacks> = {
  authenticateConnection: {
    merge: 'first',
    guard: admitProcess,
    asks: isProvider,
    unasked: 'everybody is let in (Authentication)',
  },
  authenticateExchange: {
    merge: 'first',
    asks: isProvider,
    stops: (store) => store.state !== undefined,
    unasked: 'no client can authenticate by it (Authentication)',
  },
  authenticationFailed: { merge: 'told' },
  admitAttempt: { merge: 'all' },
  clientReauthenticated: { merge: 'told' },
}
