/** Who gets which topics, and what is kept of it with the session. */

import type {
  ConnectPacket,
  Packet,
  QoS,
  ReasonCode,
  SubscribePacket,
  Subscription,
  UnsubscribePacket,
} from '../../packets/index.ts'
import type { Client } from '../client.ts'
import type { Session } from '../session.ts'
import type { Share } from '../share.ts'
import type { RulesOf } from './rule.ts'
import type { SessionContext } from './sessions.ts'

/** One subscription as it is stored. */
export interface SubscriptionRecord {
  /** Topic filter. */
  topic: string
  qos: QoS
  options: Subscription
  /** Subscription identifier (5.0). */
  identifier: number | undefined
}

/** One filter on its way to a subscription. */
export interface SubscribeContext {
  readonly client: Client
  /** The SUBSCRIBE, or the CONNECT that resumes the session. */
  readonly packet: SubscribePacket | ConnectPacket
  /** Topic filter as the client wrote it; of `$share/group/filter` the topics are those of `share.filter`. */
  readonly topic: string
  readonly qos: QoS
  readonly options: Subscription
  readonly identifier: number | undefined
  /** A filter of the form `$share/group/filter`, in its parts. */
  readonly share: Share | undefined
  /** It comes from a resumed session, not from a SUBSCRIBE. */
  readonly restored: boolean
}

/**
 * What a filter is granted: a QoS, or a refusal (`false`, or a reason code of 0x80 or more). Who finds a QoS there may
 * only lower it: see `grantedQoS`.
 */
export interface SubscribeStore {
  grant?: QoS | false | ReasonCode
  /** Of a refusal, in words, for the log. */
  reason?: string
  /** The session had this filter before. */
  existed?: boolean
  /**
   * Fulfils when the filter is kept and whoever is told of it misses nothing, and never rejects. All filters of a packet wait for it at once,
   * before SUBACK; until then `grant` may become a refusal. `settleWith` adds to it.
   */
  settled?: Promise<void>
  /** For a backend of several nodes: what is relayed from then on comes live, a message identifier; known when it has settled. */
  since?: number
}

/** Context and store of each. */
export interface SubscriptionCallbacks {
  /**
   * Subscribes a client to a filter; ends with the first refusal.
   * @executedBy subscription-manager; session-manager on resume
   * @answeredBy authorize, session-manager, retain-manager, subscription-manager, backend
   */
  subscribeTopic: { ctx: SubscribeContext; store: SubscribeStore }

  /**
   * Ends a subscription; `existed` tells whether there was one. Where it is taken away (`endSubscription`) the session may
   * be away: then there is no client.
   * @executedBy subscription-manager; session-manager for what may not be restored or is taken away
   * @answeredBy session-manager, subscription-manager, retain-manager, backend
   */
  unsubscribeTopic: {
    ctx: SessionContext & {
      /** The connection of the session; none while it is away. */
      client: Client | undefined
      /** The session, for what is kept on it; none of a session that is away since an earlier process. */
      session: Session | undefined
      /** What asks for it; none where the subscription is taken away. */
      packet: UnsubscribePacket | SubscribePacket | ConnectPacket | undefined
      topic: string
    }
    store: {
      /** There was one. */
      existed?: boolean
    }
  }

  /**
   * A filter was granted and the client knows.
   * @executedBy subscription-manager after SUBACK
   * @answeredBy retain-manager, whoever has access rules
   */
  topicSubscribed: {
    ctx: {
      client: Client
      topic: string
      qos: QoS
      options: Subscription
      identifier: number | undefined
      share: Share | undefined
      /** The session had this filter before. */
      existed: boolean
      /** When the backend had taken the filter, a message identifier: what is relayed from then on comes live. */
      since: number
    }
    store: object
  }

  /**
   * A subscription ended: the client gave it up and knows that it is done, or it was taken away.
   * @executedBy subscription-manager after UNSUBACK; session-manager for what is taken away
   * @answeredBy anyone
   */
  topicUnsubscribed: {
    ctx: {
      clientId: string
      /** None while its session is away. */
      client: Client | undefined
      topic: string
      /** There was such a subscription. */
      existed: boolean
    }
    store: object
  }

  /**
   * A filter was refused and the client knows.
   * @executedBy subscription-manager after SUBACK
   * @answeredBy anyone
   */
  subscriptionRefused: {
    ctx: {
      client: Client
      topic: string
      reasonCode: ReasonCode
      /** Why, in words, as far as whoever refused it says so. */
      reason?: string | undefined
    }
    store: object
  }

  /**
   * Keeps a subscription with the session.
   * @executedBy session-manager
   * @answeredBy backend
   */
  storeSubscription: {
    ctx: SessionContext & SubscriptionRecord & { client: Client; packet: SubscribeContext['packet'] }
    store: {
      /** There was one. */
      existed?: boolean
    }
  }

  /**
   * Forgets a kept subscription.
   * @executedBy session-manager
   * @answeredBy backend
   */
  removeSubscription: {
    ctx: SessionContext & { client: Client | undefined; topic: string }
    store: {
      /** There was one. */
      existed?: boolean
    }
  }

  /**
   * Forgets all subscriptions of the session, and what is due of them.
   * @executedBy session-manager
   * @answeredBy backend
   */
  clearSubscriptions: { ctx: SessionContext & { client: Client; packet: Packet | undefined }; store: object }

  /**
   * The kept subscriptions, pushed to the store. Without `client`, which is for whoever looks from outside: all that the
   * session has now, connected or away.
   * @executedBy session-manager, anyone
   * @answeredBy backend
   */
  lookupSubscriptions: {
    ctx: { client?: Client; packet?: ConnectPacket; clientId: string }
    store: SubscriptionRecord[]
  }
}

const refused = (store: SubscribeStore): boolean => store.grant === false || (store.grant ?? 0) >= 0x80

/** Their rules. */
export const SUBSCRIPTIONS: RulesOf<SubscriptionCallbacks> = {
  subscribeTopic: { merge: 'all', stops: refused },
  unsubscribeTopic: { merge: 'all' },
  topicSubscribed: { merge: 'told' },
  topicUnsubscribed: { merge: 'told' },
  subscriptionRefused: { merge: 'told' },
  storeSubscription: { merge: 'one' },
  removeSubscription: { merge: 'one' },
  clearSubscriptions: { merge: 'all' },
  lookupSubscriptions: { merge: 'one', newStore: () => [] },
}
