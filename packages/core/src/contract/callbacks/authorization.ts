/** What a client may do. */

import type {
  ConnectPacket,
  Publish,
  QoS,
  ReasonCode,
  SubscribePacket,
  Subscription,
} from '../../packets/index.ts'
import type { Client } from '../client.ts'
import type { Done } from '../done.ts'
import { DONE } from '../done.ts'
import { PROCESS } from '../listener.ts'
import type { Share } from '../share.ts'
import type { RulesOf } from './rule.ts'

/**
 * A SUBSCRIBE as access rules see it: of a filter `$share/group/filter` the `topic` is `filter` alone, for that is what
 * the client would read, and `share` has both parts.
 */
export type AskedSubscribe = Omit<SubscribePacket, 'subscriptions'> & {
  subscriptions: (Subscription & { readonly share?: Share | undefined })[]
}

/** Who wants to do what. */
export interface AuthorizeContext {
  readonly client: Client
  /** PUBLISH, SUBSCRIBE with the filters of shares taken apart, or the CONNECT that holds a will. */
  readonly packet: Publish | AskedSubscribe | ConnectPacket
  readonly action: 'publish' | 'subscribe' | 'will'
  /** Somebody wants to know what would be answered, and why: nothing happens, count and change nothing, and say `reason`. */
  readonly dry?: boolean | undefined
}

/**
 * A short way to the same yes for messages of clients that publish to a topic again and again: asked instead of
 * authorizePacket where nobody else answers that.
 */
export interface Standing {
  /** The middleware whose yes it is. */
  readonly by: { readonly name: string }
  /**
   * Whether this message is allowed, as far as that is known at once: false where it is to be asked. Changes of rules, of
   * the client's names and of its groups count at once.
   */
  allows(client: Client, packet: Publish): boolean
}

/** The answer; for SUBSCRIBE `grants` holds what is asked, filter by filter, and may only be lowered. */
export interface AuthorizeStore {
  valid?: boolean
  /** Of a refusal; 0x87 by default. */
  reasonCode?: ReasonCode
  /** Why, in words, for logs and for whoever asks: `acl rule 4, broker.yaml:31: deny publish plant/#`. No client is told. */
  reason?: string
  /** Given with a yes to PUBLISH. Whoever wants to see each message gives none. */
  standing?: Standing
  /** By the place of the filter in `packet.subscriptions`. */
  grants?: (QoS | ReasonCode)[]
  /** To a dry question: the answer depends on something that nobody has said, and `reason` says on what. */
  depends?: boolean
}

/** Context and store of each. */
export interface AuthorizationCallbacks {
  /**
   * May this client publish, subscribe, leave this will? Needs one `valid: true` and no `false`; `grants` are
   * lowered filter by filter.
   * @executedBy authorize
   * @answeredBy whoever has access rules
   */
  authorizePacket: { ctx: AuthorizeContext; store: AuthorizeStore }
}

/** The process itself may do everything. */
function allowProcess({ client }: AuthorizeContext, store: AuthorizeStore): void | Done {
  if (client?.listener !== PROCESS) return
  store.valid = true
  return DONE
}

/** Their rules. */
export const AUTHORIZATION: RulesOf<AuthorizationCallbacks> = {
  authorizePacket: {
    merge: 'veto',
    guard: allowProcess,
    unasked: 'everybody may do everything (Authorize)',
  },
}
