/** The message log of a session: what waits for its client, and what the client has not acknowledged. */

import type { Publish, QoS } from '../../packets/index.ts'
import type { Client } from '../client.ts'
import type { Author } from '../session.ts'
import type { Share } from '../share.ts'
import type { DropReason } from './messages.ts'
import type { RulesOf } from './rule.ts'
import type { SessionContext } from './sessions.ts'

/** A message in a session's log. */
export interface StoredMessage {
  readonly messageId: number
  /** Place in the log, from 1. The packet identifier follows from it: see `Sequences`. */
  readonly sequence: number
  readonly packet: Publish
  readonly qos: QoS
  readonly retain: boolean
  readonly identifiers: readonly number[] | undefined
  /** When it is over, by the stack's clock (`now()`, ms); 0 for never. */
  readonly expiresAt: number
  readonly share: Share | undefined
  /** Who published it; none where that is not known. */
  readonly publisher: Author | undefined
  /** QoS 2: PUBREC came, PUBREL is what is to be sent. */
  readonly released: boolean
}

/** Context and store of each. */
export interface MessageLogCallbacks {
  /**
   * Appends to the message log of a session that outlives its connection, connected or not; `sequence` is its place
   * there. Any epoch of the session will do: a receiver that has come back meanwhile is no error of the publisher,
   * nor is one that has gone, whose store stays empty.
   * @executedBy backend’s relay, retain-manager
   * @answeredBy backend
   */
  storeOfflineMessage: {
    ctx: SessionContext & {
      client: Client | undefined
      packet: Publish
      /** The broker's own identifier of the message, the same for all its receivers. */
      messageId: number
      /** 1 or 2. */
      qos: QoS
      retain: boolean
      identifiers: readonly number[] | undefined
      /** When it is over, by the stack's clock (`now()`, ms); 0 for never. */
      expiresAt: number
      share: Share | undefined
      /** Who published it; none where that is not known. */
      publisher?: Author | undefined
    }
    store: {
      /** Its place in the log: higher than any that was handed out in this session, as `Sequences` counts. */
      sequence?: number
      /** The log is full. */
      dropped?: boolean
      /** Why, where it is not the log's own bound (`log-full`). */
      reason?: DropReason
      /**
       * Set with `sequence` by return, by a backend that answers later: the message may be forwarded at once, for it is in
       * look-ups already. Its publisher is acknowledged when the answer is there. After a crash it may come twice, so
       * only a message that was published at QoS 1 may be ahead.
       */
      ahead?: boolean
      /** Set by a backend that answers later: it was taken out of the log again meanwhile, and is not forwarded. */
      withdrawn?: boolean
    }
  }

  /**
   * The log after a sequence, in order, pushed to the store. What is taken out of it before this is answered is left out: nobody
   * may have what was purged.
   * @executedBy outbound-manager, admin
   * @answeredBy backend
   */
  lookupOfflineMessages: {
    ctx: {
      client: Client
      clientId: string
      /** Only what has a higher sequence; absent: from the first. */
      after?: number
      /** The most that may be pushed; absent: all. */
      limit?: number
    }
    store: StoredMessage[]
  }

  /**
   * The receiver has these QoS 2 messages: only PUBREL is left, the payload may go.
   * @executedBy outbound-manager on PUBREC
   * @answeredBy backend
   */
  releaseOfflineMessages: {
    ctx: SessionContext & {
      messageIds: readonly number[]
      /** The places in the log of the same messages. */
      sequences: readonly number[]
    }
    store: object
  }

  /**
   * These are delivered.
   * @executedBy outbound-manager on PUBACK and PUBCOMP
   * @answeredBy backend
   */
  removeOfflineMessages: {
    ctx: SessionContext & {
      messageIds: readonly number[]
      /** The places in the log of the same messages. */
      sequences: readonly number[]
    }
    store: object
  }

  /**
   * Empties the log.
   * @executedBy session-manager
   * @answeredBy backend
   */
  clearOfflineMessages: { ctx: SessionContext; store: object }
}

/** Their rules. */
export const MESSAGE_LOG: RulesOf<MessageLogCallbacks> = {
  storeOfflineMessage: { merge: 'one' },
  lookupOfflineMessages: { merge: 'one', newStore: () => [] },
  releaseOfflineMessages: { merge: 'one' },
  removeOfflineMessages: { merge: 'one' },
  clearOfflineMessages: { merge: 'all' },
}
