/** Retained messages, and how far they were handed out. */

import type { Publish, QoS, ReasonCode } from '../../packets/index.ts'
import type { Client } from '../client.ts'
import type { Author, Publisher } from '../session.ts'
import type { RulesOf } from './rule.ts'
import type { SessionContext } from './sessions.ts'

/** A retained message. */
export interface RetainedMessage {
  readonly topic: string
  readonly packet: Publish
  readonly messageId: number
  /** When it is over, by the stack's clock (`now()`, ms); 0 for never. */
  readonly expiresAt: number
  /** Who published it; none where that is not known. */
  readonly publisher?: Author | undefined
}

/** A filter whose retained messages a session is still to get, and how far they were handed out. */
export interface DueRetained {
  /** Topic filter. */
  readonly topic: string
  /** When it was subscribed to: what changed behind that came live. A message identifier. */
  readonly since: number
  /** Granted. */
  readonly qos: QoS
  /** Subscription identifier (5.0). */
  readonly identifier: number | undefined
  /** The topic that was handed out last; `undefined` where none was. */
  readonly after: string | undefined
}

/** Context and store of each. */
export interface RetainedCallbacks {
  /**
   * Replaces the retained message of a topic; an empty payload clears it.
   * @executedBy retain-manager, admin
   * @answeredBy backend
   */
  storeRetainedMessage: {
    ctx: {
      client: Client | undefined
      /** Whose message it is, connected or not: what keeping it costs is on its account. */
      publisher?: Publisher
      topic: string
      packet: Publish
      messageId: number
      /** When it is over, by the stack's clock (`now()`, ms); 0 for never. */
      expiresAt: number
    }
    store: {
      /** The topic had one. */
      replaced?: boolean
      /** It is not kept: why. */
      refused?: ReasonCode
    }
  }

  /**
   * Retained messages that match a filter, a page at a time.
   * @executedBy retain-manager, admin
   * @answeredBy backend
   */
  lookupRetainedMessages: {
    ctx: {
      /** Topic filter. */
      topic: string
      /** Who subscribed. */
      client?: Client
      /** Only topics that sort behind this one, by UTF-16 code unit; absent: from the first. */
      after?: string
      /** The most that may be pushed; fewer end the lookup. Absent: all. */
      limit?: number
    }
    store: RetainedMessage[]
  }

  /**
   * The retained messages of a subscription were handed out, or its last ones after an interruption.
   * @executedBy retain-manager
   * @answeredBy anyone
   */
  retainedDelivered: {
    ctx: {
      client: Client
      /** Topic filter. */
      topic: string
      /** Topics that were looked through. */
      messages: number
      /** Since that began on this connection, waiting for the client included. */
      seconds: number
    }
    store: object
  }

  /**
   * Keeps, with the session, how far the retained messages of a filter were handed out; for a store that outlives
   * the process.
   * @executedBy retain-manager
   * @answeredBy whoever outlives the process, as every Backend over a store
   */
  storeDueRetained: {
    ctx: SessionContext & {
      /** None while the session is away. */
      client: Client | undefined
      /** Topic filter. */
      topic: string
      /** Replaces what is kept for the filter; `undefined`: nothing is due any more. */
      due: DueRetained | undefined
    }
    store: object
  }

  /**
   * What retained messages a resumed session is still to get, pushed to the store, the oldest subscription first.
   * @executedBy retain-manager
   * @answeredBy whoever outlives the process, as every Backend over a store
   */
  lookupDueRetained: { ctx: SessionContext & { client: Client }; store: DueRetained[] }
}

/** Their rules. */
export const RETAINED: RulesOf<RetainedCallbacks> = {
  storeRetainedMessage: { merge: 'one' },
  lookupRetainedMessages: { merge: 'one', newStore: () => [] },
  retainedDelivered: { merge: 'told' },
  storeDueRetained: { merge: 'one' },
  lookupDueRetained: { merge: 'one', newStore: () => [] },
}
