/** A message on its way from its publisher to those who subscribed. */

import type { Publish, QoS } from '../../packets/index.ts'
import type { Client } from '../client.ts'
import { guardControlTopics } from '../control-topics.ts'
import type { ForwardContext } from '../forward.ts'
import { ForwardStore } from '../forward.ts'
import type { MessageOrigin, RelayContext } from '../relay.ts'
import { RelayStore } from '../relay.ts'
import type { SendContext } from '../send.ts'
import { SendStore } from '../send.ts'
import type { Author, Publisher } from '../session.ts'
import type { Share } from '../share.ts'
import type { RulesOf } from './rule.ts'

/** Why a message was dropped; `withheld` where a handler of sendMessage gave no reason of its own. */
export type DropReason =
  | 'outbox-full'
  | 'queue-full'
  | 'log-full'
  | 'not-connected'
  | 'retained-full'
  | 'control-topic'
  | 'not-authorized'
  | 'refused'
  | 'memory-full'
  | 'too-large'
  | 'withheld'
  | 'expired'
  | 'purged'

/** Context and store of each. */
export interface MessageCallbacks {
  /**
   * A message for all who subscribed; a rule may change `packet`. `done` before the backend is a veto. What clients
   * send to control topics the stack vetoes before anybody is asked.
   * @executedBy inbound-manager, lastwill, metrics ($SYS), broker.publish(), admin
   * @answeredBy authorize, rules of users, tracing, retain-manager, backend
   */
  relayMessage: { ctx: RelayContext; store: RelayStore }

  /**
   * A message for one connected receiver.
   * @executedBy backend, retain-manager
   * @answeredBy outbound-manager
   */
  forwardMessage: { ctx: ForwardContext; store: ForwardStore }

  /**
   * A message is about to be written to a client: live, from a queue or log, retained, or again. A handler may put another
   * in its place (`packet`); `done` drops it, which is told with `reason` and counts as delivered. Answered by return.
   * @executedBy outbound-manager
   * @answeredBy whoever has access rules
   */
  sendMessage: { ctx: SendContext; store: SendStore; synchronous: true }

  /**
   * A message of a shared subscription that a session leaves behind goes to another member.
   * @executedBy outbound-manager for a session without a log; backend for one with
   * @answeredBy backend
   */
  handOnMessage: {
    ctx: {
      /** Who does not get it any more. */
      clientId: string
      share: Share
      packet: Publish
      qos: QoS
      expiresAt: number
      /** Who published it; none where that is not known. */
      publisher?: Author | undefined
    }
    store: object
  }

  /**
   * A message was relayed: a client’s, a will, or the broker’s own.
   * @executedBy inbound-manager, lastwill, metrics ($SYS), broker.publish(), admin
   * @answeredBy anyone
   */
  messagePublished: {
    ctx: {
      /** The connection it came from; none for wills and for the broker's own. */
      client: Client | undefined
      /** Whose message it is, connected or not. */
      publisher: Publisher
      /** Where it comes from. */
      origin: MessageOrigin
      packet: Publish
      /** What became of it. */
      relayed: RelayStore
    }
    store: object
  }

  /**
   * A message was dropped for one receiver, or refused to its publisher, and why.
   * @executedBy whoever drops
   * @answeredBy anyone
   */
  messageDropped: {
    ctx: {
      /**
       * The receiver; for `retained-full`, `control-topic`, `not-authorized` and `refused` the publisher, unless a handler
       * of sendMessage gave that reason.
       */
      clientId: string
      client: Client | undefined
      packet: Publish
      reason: DropReason
      /** Messages dropped. */
      count: number
    }
    store: object
  }
}

/** Their rules. */
export const MESSAGES: RulesOf<MessageCallbacks> = {
  relayMessage: {
    merge: 'all',
    newStore: () => new RelayStore(),
    guard: guardControlTopics,
    ended: (store) => {
      store.vetoed = true
    },
  },
  forwardMessage: { merge: 'all', newStore: () => new ForwardStore() },
  sendMessage: {
    merge: 'all',
    newStore: () => new SendStore(),
    synchronous: true,
    unasked: 'what it withholds is sent',
    ended: (store) => {
      store.dropped = true
    },
  },
  handOnMessage: { merge: 'one' },
  messagePublished: { merge: 'told' },
  messageDropped: { merge: 'told' },
}
