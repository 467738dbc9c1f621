/** A connection from CONNECT to its end. */

import type { ConnectPacket, DisconnectPacket, ReasonCode } from '../../packets/index.ts'
import type { Client } from '../client.ts'
import { ConnackProperties } from '../connack-properties.ts'
import type { Listener } from '../listener.ts'
import type { RulesOf } from './rule.ts'

/** Context and store of each. */
export interface ConnectionCallbacks {
  /**
   * What CONNACK says besides (5.0): `store.set(key, value)`; each key has one owner. Retained messages are available
   * where somebody sets `retainAvailable` to true: otherwise CONNACK says that they are not.
   * @executedBy session-manager; lastwill before it takes a will
   * @answeredBy each middleware, its own keys
   */
  lookupConnackProperties: {
    ctx: {
      client: Client
      packet: ConnectPacket
      sessionPresent: boolean
    }
    store: ConnackProperties
  }

  /**
   * A connection was accepted.
   * @executedBy session-manager
   * @answeredBy anyone
   */
  clientConnected: {
    ctx: {
      client: Client
      packet: ConnectPacket
      /** It goes on with an older session. */
      present: boolean
    }
    store: object
  }

  /**
   * A connection was closed before it was accepted, and why. One that leaves by itself is not refused.
   * @executedBy core; broker’s listeners
   * @answeredBy anyone
   */
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

  /**
   * Ends a connection, with the reason code that the client is told.
   * @executedBy anyone
   * @answeredBy connection
   */
  closeClient: {
    ctx: {
      client: Client
      reasonCode?: ReasonCode
      /** For a 5.0 client and the log. */
      reason?: string
      /** What is behind it, for the log alone. */
      cause?: Error | undefined
    }
    store: object
  }

  /**
   * An accepted connection is over: answered when nothing that its packets began is under way, so that its session
   * may be closed and handed on. Before clean or unclean disconnect.
   * @executedBy connection
   * @answeredBy inbound-manager
   */
  settleClient: { ctx: { client: Client }; store: object }

  /**
   * An accepted connection ended with DISCONNECT. Exactly one of clean and unclean, once.
   * @executedBy connection
   * @answeredBy lastwill, outbound-manager, session-manager
   */
  cleanDisconnect: {
    ctx: {
      client: Client
      packet: DisconnectPacket
      /** 0x04: the client wants its will published all the same (5.0). */
      reasonCode: ReasonCode
    }
    store: object
  }

  /**
   * An accepted connection ended in any other way.
   * @executedBy connection
   * @answeredBy lastwill, outbound-manager, session-manager
   */
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

  /**
   * An accepted connection is gone and settled.
   * @executedBy connection
   * @answeredBy anyone
   */
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
}

/** Their rules. */
export const CONNECTIONS: RulesOf<ConnectionCallbacks> = {
  lookupConnackProperties: { merge: 'all', newStore: () => new ConnackProperties() },
  clientConnected: { merge: 'told' },
  clientRefused: { merge: 'told' },
  closeClient: { merge: 'all' },
  settleClient: { merge: 'each' },
  cleanDisconnect: { merge: 'each' },
  uncleanDisconnect: { merge: 'each' },
  clientDisconnected: { merge: 'told' },
}
