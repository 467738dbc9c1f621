/** A session from its first connection to its end. */

import type { ConnectPacket, Publish, ReasonCode } from '../../packets/index.ts'
import type { Client } from '../client.ts'
import type { Publisher, Will } from '../session.ts'
import type { RulesOf } from './rule.ts'

/** Ids of a session in a call to its backend. */
export interface SessionContext {
  readonly clientId: string
  /** From openSession; a backend refuses a call with an older one. */
  readonly epoch: number
}

/** A will that is to be published: of the connection that opened its session with this epoch. */
export interface DueWill extends SessionContext {
  readonly packet: Publish
  readonly publisher: Publisher
}

/** Context and store of each. */
export interface SessionCallbacks {
  /**
   * The only way into a session: compares the identity, ends an older connection and waits until it is settled,
   * claims the session, hands out the epoch. A session whose time is over is not resumed; a client that has gone
   * meanwhile is refused. Answered when all that was staged for older epochs is committed; `inboundIds` are those of
   * then.
   * @executedBy session-manager
   * @answeredBy backend
   */
  openSession: {
    ctx: {
      client: Client
      packet: ConnectPacket
      clientId: string
      /** From authentication; a session belongs to the identity that made it. */
      identity: string | undefined
      /** An older session goes. */
      cleanStart: boolean
      /** Seconds that the session outlives its connection; 0: it ends with it. */
      expiryInterval: number
      /**
       * Of this connection; kept with the session until closeSession says what becomes of it. An earlier one that waits
       * is put aside: it is not published meanwhile, goes with resumeSession, and waits on where the client is never accepted.
       */
      will?: Will | undefined
    }
    store: {
      /** There was a session, and the client goes on with it. */
      present?: boolean
      /** Higher than any before under this client identifier; one more than the last when the session goes on. */
      epoch?: number
      /** An older session ended here, by clean start or because its time was over. Its will, if one waits, is due now. */
      ended?: boolean
      /** Packet identifiers of QoS 2 messages that await PUBREL. */
      inboundIds?: readonly number[]
      /** Reason code of a refusal. */
      refused?: ReasonCode
      /** The same in words: for the client (5.0) and for the log. */
      reason?: string
    }
  }

  /**
   * The connection with this epoch must go; answered when it is gone and its calls are settled.
   * @executedBy backend, session-manager
   * @answeredBy connection, metrics
   */
  sessionTakenOver: {
    /** `client`: the connection, where the backend knows it; otherwise the one of this epoch. */
    ctx: SessionContext & { client: Client | undefined }
    store: object
  }

  /**
   * CONNACK is written: what was unacknowledged and what was missed may be sent; a will that openSession put aside goes.
   * @executedBy session-manager
   * @answeredBy outbound-manager, retain-manager, backend
   */
  resumeSession: {
    ctx: {
      client: Client
      /** As CONNACK said. */
      present: boolean
    }
    store: object
  }

  /**
   * The connection of this session is gone. With `expiryInterval` 0 the session goes too: subscriptions, log and
   * identifiers, as one unit. So ends one whose time is over, or that is ended from outside; its epoch says that nobody
   * has opened it meanwhile (`STALE_EPOCH`).
   * @executedBy session-manager
   * @answeredBy backend
   */
  closeSession: {
    ctx: SessionContext & {
      /** Seconds from now until the session is over; 0: now. */
      expiryInterval: number
      /**
       * When the session's will is due, by the stack's clock (ms), unless the session ends before: then it is due at once.
       * `undefined`: there is none any more.
       */
      willDue?: number | undefined
    }
    store: {
      /** The session is gone. */
      ended?: boolean
    }
  }

  /**
   * Sessions whose time is over, claimed by the caller.
   * @executedBy session-manager
   * @answeredBy backend
   */
  lookupExpiredSessions: {
    ctx: {
      /** By the stack's clock (`now()`, ms). */
      now: number
      /** The most that may be pushed. */
      limit: number
    }
    store: SessionContext[]
  }

  /**
   * Wills whose time has come, or whose session is over. They are claimed by the caller: a backend lists them to nobody
   * for some seconds, and again then unless they were removed.
   * @executedBy lastwill
   * @answeredBy backend
   */
  lookupDueWills: {
    ctx: {
      /** By the stack's clock (`now()`, ms). */
      now: number
      /** The most that may be pushed. */
      limit: number
    }
    store: DueWill[]
  }

  /**
   * A will was relayed, or a rule vetoed it, or failed: it goes, if it is there still. Not executed where the relay
   * failed with `STORE_FAILED`: then it is due again later.
   * @executedBy lastwill
   * @answeredBy backend
   */
  removeWill: { ctx: SessionContext; store: object }

  /**
   * A session is over: its connection closed it, its time ran out, its client began anew, or `endSession` ended it.
   * @executedBy session-manager
   * @answeredBy anyone
   */
  sessionEnded: {
    ctx: { clientId: string; reason: 'closed' | 'expired' | 'clean-start' | 'ended' }
    store: object
  }
}

/** Their rules. */
export const SESSIONS: RulesOf<SessionCallbacks> = {
  openSession: { merge: 'one' },
  sessionTakenOver: { merge: 'all' },
  resumeSession: { merge: 'all' },
  closeSession: { merge: 'one' },
  lookupExpiredSessions: { merge: 'one', newStore: () => [] },
  lookupDueWills: {
    merge: 'one',
    newStore: () => [],
    unasked: 'a client that is lost leaves no word (LastWill)',
  },
  removeWill: { merge: 'one' },
  sessionEnded: { merge: 'told' },
}
