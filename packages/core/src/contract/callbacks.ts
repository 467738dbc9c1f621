/**
 * The callback map: what middlewares ask and tell each other, as types. Their rules are in callback-rules.ts. Third
 * parties merge theirs into {@link Callbacks} and call `stack.define()`.
 */

import type { Client, Listener } from '../connection/index.ts'
import type {
  ConnectPacket,
  DisconnectPacket,
  Packet,
  Packets,
  Publish,
  QoS,
  ReasonCode,
  SubscribePacket,
  Subscription,
  UnsubscribePacket,
} from '../packets/index.ts'
import type { Done } from '../stack/index.ts'
import type { ConnackProperties } from './connack-properties.ts'
import type { ForwardContext, ForwardStore, RelayContext, RelayStore, Share } from './contexts.ts'
import type { MiddlewareLike, Next } from './middleware.ts'
import type { Publisher } from './session.ts'

/** What authenticateConnection is asked with. */
export interface AuthenticateContext {
  readonly client: Client
  readonly packet: ConnectPacket
  readonly username: string | undefined
  readonly password: Uint8Array | undefined
}

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
}

/** The answer; for SUBSCRIBE `grants` holds what is asked, filter by filter, and may only be lowered. */
export interface AuthorizeStore {
  valid?: boolean
  /** Of a refusal; 0x87 by default. */
  reasonCode?: ReasonCode
  /** By the place of the filter in `packet.subscriptions`. */
  grants?: (QoS | ReasonCode)[]
}

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
  /** The session had this filter before. */
  existed?: boolean
}

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
  /** QoS 2: PUBREC came, PUBREL is what is to be sent. */
  readonly released: boolean
}

/** A retained message. */
export interface RetainedMessage {
  readonly topic: string
  readonly packet: Publish
  readonly messageId: number
  /** When it is over, by the stack's clock (`now()`, ms); 0 for never. */
  readonly expiresAt: number
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

/** Why a message was dropped. */
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
  | 'expired'

/** Ids of a session in a call to its backend. */
export interface SessionContext {
  readonly clientId: string
  /** From openSession; a backend refuses a call with an older one. */
  readonly epoch: number
}

/** Context and store of each callback. */
export interface Callbacks {
  authenticateConnection: {
    ctx: AuthenticateContext
    store: {
      /** Decides; whoever does not know the client leaves it alone. */
      valid?: boolean
      /** Of a refusal; by default 0x86, or 0x87 for a client without a user name. */
      reasonCode?: ReasonCode
      /** Who the client is from now on; by default its user name. `null`: nobody, whatever it calls itself. */
      identity?: string | null
      /** Of a refusal, in words: for the client (5.0) and for the log. */
      reason?: string
    }
  }
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
    }
    store: {
      /** `continue`: the client is to answer `data`; whoever does not know the method leaves it alone. */
      state?: 'continue' | 'success' | 'failure'
      data?: Uint8Array
      /** Who the client is from now on. */
      identity?: string
      /** Of a failure; 0x87 by default. */
      reasonCode?: ReasonCode
    }
  }
  lookupConnackProperties: {
    ctx: {
      client: Client
      packet: ConnectPacket
      sessionPresent: boolean
    }
    store: ConnackProperties
  }
  authorizePacket: { ctx: AuthorizeContext; store: AuthorizeStore }
  closeClient: {
    ctx: {
      client: Client
      reasonCode?: ReasonCode
      /** For the log. */
      reason?: string
    }
    store: object
  }
  settleClient: { ctx: { client: Client }; store: object }
  cleanDisconnect: {
    ctx: {
      client: Client
      packet: DisconnectPacket
      /** 0x04: the client wants its will published all the same (5.0). */
      reasonCode: ReasonCode
    }
    store: object
  }
  uncleanDisconnect: {
    ctx: {
      client: Client
      /** Why we closed it; 0x80 when the connection was lost. */
      reasonCode: ReasonCode
      /** The stream's error, or ours. */
      cause: Error | undefined
    }
    store: object
  }
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
    }
    store: {
      /** There was a session, and the client goes on with it. */
      present?: boolean
      /** Higher than any before under this client identifier; one more than the last when the session goes on. */
      epoch?: number
      /** Packet identifiers of QoS 2 messages that await PUBREL. */
      inboundIds?: readonly number[]
      /** Reason code of a refusal. */
      refused?: ReasonCode
      /** The same in words: for the client (5.0) and for the log. */
      reason?: string
    }
  }
  sessionTakenOver: {
    /** `client`: the connection, where the backend knows it; otherwise the one of this epoch. */
    ctx: SessionContext & { client: Client | undefined }
    store: object
  }
  resumeSession: {
    ctx: {
      client: Client
      /** As CONNACK said. */
      present: boolean
    }
    store: object
  }
  closeSession: {
    ctx: SessionContext & {
      /** Seconds from now until the session is over; 0: now. */
      expiryInterval: number
    }
    store: {
      /** The session is gone. */
      ended?: boolean
    }
  }
  lookupExpiredSessions: {
    ctx: {
      /** By the stack's clock (`now()`, ms). */
      now: number
      /** The most that may be pushed. */
      limit: number
    }
    store: SessionContext[]
  }
  removeSession: {
    ctx: SessionContext
    store: {
      /** It is gone now; false: the client came back, or somebody else removed it. */
      removed?: boolean
    }
  }
  sessionEnded: { ctx: { clientId: string; reason: 'closed' | 'expired' | 'clean-start' }; store: object }
  storeSubscription: {
    ctx: SessionContext & SubscriptionRecord & { client: Client; packet: SubscribeContext['packet'] }
    store: {
      /** There was one. */
      existed?: boolean
    }
  }
  removeSubscription: {
    ctx: SessionContext & { client: Client; topic: string }
    store: {
      /** There was one. */
      existed?: boolean
    }
  }
  clearSubscriptions: { ctx: SessionContext & { client: Client; packet: Packet | undefined }; store: object }
  lookupSubscriptions: {
    ctx: { client: Client; packet: ConnectPacket; clientId: string }
    store: SubscriptionRecord[]
  }
  subscribeTopic: { ctx: SubscribeContext; store: SubscribeStore }
  unsubscribeTopic: {
    ctx: { client: Client; packet: UnsubscribePacket | SubscribePacket | ConnectPacket; topic: string }
    store: {
      /** There was one. */
      existed?: boolean
    }
  }
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
  relayMessage: { ctx: RelayContext; store: RelayStore }
  forwardMessage: { ctx: ForwardContext; store: ForwardStore }
  handOnMessage: {
    ctx: {
      /** Who does not get it any more. */
      clientId: string
      share: Share
      packet: Publish
      qos: QoS
      expiresAt: number
    }
    store: object
  }
  drainClient: { ctx: { client: Client }; store: object }
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
    }
    store: {
      /** Its place in the log: higher than any that was handed out in this session, as `Sequences` counts. */
      sequence?: number
      /** The log is full. */
      dropped?: boolean
      /** Why, where it is not the log's own bound (`log-full`). */
      reason?: DropReason
    }
  }
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
  releaseOfflineMessages: {
    ctx: SessionContext & {
      messageIds: readonly number[]
      /** The places in the log of the same messages. */
      sequences: readonly number[]
    }
    store: object
  }
  removeOfflineMessages: {
    ctx: SessionContext & {
      messageIds: readonly number[]
      /** The places in the log of the same messages. */
      sequences: readonly number[]
    }
    store: object
  }
  clearOfflineMessages: { ctx: SessionContext; store: object }
  storeInboundMessage: { ctx: SessionContext & { packetId: number }; store: object }
  releaseInboundMessages: { ctx: SessionContext & { packetIds: readonly number[] }; store: object }
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
  storeDueRetained: {
    ctx: SessionContext & {
      client: Client
      /** Topic filter. */
      topic: string
      /** Replaces what is kept for the filter; `undefined`: nothing is due any more. */
      due: DueRetained | undefined
    }
    store: object
  }
  lookupDueRetained: { ctx: SessionContext & { client: Client }; store: DueRetained[] }
  clientConnected: {
    ctx: {
      client: Client
      packet: ConnectPacket
      /** It goes on with an older session. */
      present: boolean
    }
    store: object
  }
  clientDisconnected: {
    ctx: {
      client: Client
      /** It sent DISCONNECT. */
      clean: boolean
      reasonCode: ReasonCode
      cause: Error | undefined
    }
    store: object
  }
  clientRefused: {
    ctx: {
      /** None where a listener refused it: a TLS handshake that failed, too many connections. */
      client: Client | undefined
      listener: Listener
      reasonCode: ReasonCode
      /** In words, for the log. */
      reason: string
      cause: Error | undefined
    }
    store: object
  }
  subscriptionRefused: {
    ctx: { client: Client; topic: string; reasonCode: ReasonCode }
    store: object
  }
  topicUnsubscribed: {
    ctx: {
      client: Client
      topic: string
      /** There was such a subscription. */
      existed: boolean
    }
    store: object
  }
  messagePublished: {
    ctx: {
      /** The connection it came from; none for wills and for the broker's own. */
      client: Client | undefined
      /** Whose message it is, connected or not. */
      publisher: Publisher
      packet: Publish
      /** What became of it. */
      relayed: RelayStore
    }
    store: object
  }
  messageDropped: {
    ctx: {
      /** The receiver; for `retained-full`, `control-topic`, `not-authorized` and `refused` the publisher. */
      clientId: string
      client: Client | undefined
      packet: Publish
      reason: DropReason
      /** Messages dropped. */
      count: number
    }
    store: object
  }
  handlerStalled: {
    ctx: {
      /** Its name. */
      middleware: string
      /** The callback, or `handle publish` and the like. */
      callback: string
      client: Client | undefined
      /** When it was called, by the stack's clock (ms). */
      since: number
    }
    store: object
  }
}

/** The name of a callback. */
export type CallbackName = keyof Callbacks
/** The context that a callback is executed with. */
export type Context<Name extends CallbackName> = Callbacks[Name]['ctx']
/** What a callback's handlers fill in. */
export type Store<Name extends CallbackName> = Callbacks[Name]['store']
/** A handler of a callback, in either of its two forms. */
export type Handler<Name extends CallbackName> = (
  this: MiddlewareLike | void,
  ctx: Context<Name>,
  store: Store<Name>,
  next: Next,
  done: Next,
) => void | Done | Promise<void | Done>
