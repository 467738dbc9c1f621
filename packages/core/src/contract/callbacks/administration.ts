/** What is done to sessions from outside, whether or not their clients are connected. No client asks for it. */

import type { QoS, ReasonCode } from '../../packets/index.ts'
import type { Client } from '../client.ts'
import type { PurgeTerms } from '../purge.ts'
import type { RulesOf } from './rule.ts'

/** A session as whoever looks at it from outside sees it. */
export interface SessionSummary {
  readonly clientId: string
  /** Who made it; `undefined` for an anonymous client. */
  readonly identity: string | undefined
  /** Of its newest opening. */
  readonly epoch: number
  /** Somebody is connected to it. */
  readonly connected: boolean
  /** The connection, where it is one of this process. */
  readonly client: Client | undefined
  /** When it is over, by the stack's clock (`now()`, ms): infinity for never, `undefined` while it is connected. */
  readonly expiresAt: number | undefined
  /** How many filters it is subscribed to. */
  readonly subscriptions: number
  /** Messages in its log: what waits, and what is not acknowledged. */
  readonly messages: number
  /** Bytes that they take, about. */
  readonly bytes: number
  /** Packet identifiers of QoS 2 messages from the client that await PUBREL. */
  readonly awaitingRelease: number
}

/** What one user holds. A user is an identity or, of anonymous clients, an address. */
export interface Holdings {
  /** `undefined` for anonymous clients. */
  readonly identity: string | undefined
  /** Of anonymous clients: an IPv4 address, or the first half of one of IPv6; `local` where they have none. */
  readonly address: string | undefined
  /** Clients that are connected. */
  readonly connections: number
  /** Sessions that outlive their connections, connected or away. */
  readonly sessions: number
  /** Of all its sessions. */
  readonly subscriptions: number
  /** Topics with a retained message of the user's. */
  readonly retained: number
  /** That are kept because of the user, in memory: see the ledger. */
  readonly bytes: number
}

/** Context and store of each. */
export interface AdministrationCallbacks {
  /**
   * Sessions, connected or away, in the order of their client identifiers (by UTF-16 code unit). What is there from the
   * first page to the last is pushed exactly once; what comes or goes meanwhile, at most once.
   * @executedBy anyone
   * @answeredBy backend
   */
  lookupSessions: {
    ctx: {
      /** The session of this client alone. */
      clientId?: string
      /** Only those of this identity. */
      identity?: string
      /** Only those whose client identifier sorts behind this one; absent: from the first. */
      after?: string
      /** The most that may be pushed; fewer end the look-up. */
      limit: number
    }
    store: SessionSummary[]
  }

  /**
   * Who holds how much: those who hold most, the first of them first. Sessions, subscriptions and retained messages are
   * counted by backends over `@mqtt-stack/core/backend`.
   * @executedBy anyone
   * @answeredBy session-manager
   */
  lookupHoldings: {
    ctx: {
      /** This user alone, who may hold nothing. */
      identity?: string
      /** What counts; `bytes` by default. */
      by?: 'connections' | 'sessions' | 'subscriptions' | 'retained' | 'bytes'
      /** The most that may be pushed. */
      limit: number
    }
    store: Holdings[]
  }

  /**
   * A session's subscription is taken away, whether or not its client is connected. The client is not told: there is no
   * packet for it. Executes `unsubscribeTopic`, and `topicUnsubscribed` is told. What waits because of the subscription
   * stays: see `purgeMessages`.
   * @executedBy anyone
   * @answeredBy session-manager
   */
  endSubscription: {
    ctx: {
      clientId: string
      /** Topic filter, as the client wrote it. */
      topic: string
    }
    store: {
      /** There was one. */
      existed?: boolean
    }
  }

  /**
   * A subscription goes on with another QoS, at most what its client asked for (`options.qos` of the subscription),
   * whether or not that is connected. The client is not told: there is no packet for it. Messages that come from then on
   * are delivered with it.
   * @executedBy acl, anyone
   * @answeredBy backend
   */
  regrantSubscription: {
    ctx: {
      clientId: string
      /** Topic filter, as the client wrote it. */
      topic: string
      qos: QoS
    }
    store: {
      /** There is one. */
      existed?: boolean
    }
  }

  /**
   * A session ends now: its connection is closed first, if it has one, and then the session is removed. `sessionEnded`
   * is told.
   * @executedBy anyone
   * @answeredBy session-manager
   */
  endSession: {
    ctx: {
      clientId: string
      /** For the connection; 0x98 (administrative action) by default. */
      reasonCode?: ReasonCode
    }
    store: {
      /** There was one, and it is over. */
      ended?: boolean
    }
  }

  /**
   * Messages that wait go: those in logs and queues that are not sent yet, retained ones, and wills, those of clients that
   * are connected too. One of `clientId`, `filter`, `author` and `where` must be given, or nothing goes; an author of whom nothing is said (`OPTION_INVALID`) and what is no topic
   * filter (`FILTER_INVALID`) are errors. Each message is told by `messageDropped` with `purged`. Where `clientId` is given, a message for a shared subscription goes to another member
   * instead. A QoS 2 message that may have been sent loses its payload, and PUBREL ends its exchange. What is already
   * written to a connection cannot be taken back.
   * @executedBy anyone
   * @answeredBy lastwill, outbound-manager, backend
   */
  purgeMessages: {
    ctx: PurgeTerms
    store: {
      /** Messages that waited for a client, one a client. */
      waiting: number
      /** Retained messages. */
      retained: number
      /** Wills. */
      wills: number
    }
  }
}

/** Their rules. */
export const ADMINISTRATION: RulesOf<AdministrationCallbacks> = {
  lookupSessions: { merge: 'one', newStore: () => [] },
  lookupHoldings: { merge: 'one', newStore: () => [] },
  endSubscription: { merge: 'all' },
  regrantSubscription: { merge: 'all' },
  endSession: { merge: 'all' },
  purgeMessages: { merge: 'all', newStore: () => ({ waiting: 0, retained: 0, wills: 0 }) },
}
