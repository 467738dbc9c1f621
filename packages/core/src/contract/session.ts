/** The session of a client, which may outlive its connection. */

import type { Account } from '../memory/index.ts'
import type { PacketIds, Publish } from '../packets/index.ts'
import type { Client } from './client.ts'
import type { SlotHost } from './slot.ts'

/** Who published a message. It is kept with the message for as long as that waits somewhere. */
export interface Author {
  readonly clientId: string
  /** What authentication found out about the client; `undefined` for anonymous ones. */
  readonly identity: string | undefined
}

/** A publisher as rules and backends see it, with or without a connection. */
export interface Publisher extends Author {
  /** Memory for its messages is counted here. None for the broker itself, and none before something is kept. */
  readonly account?: Account | undefined
  /** What of it is kept with its messages; absent: itself. */
  readonly author?: Author
}

/** What of a publisher may be kept with its messages: not a session, with all that is kept on that. */
export function authorOf(publisher: Publisher): Author {
  return publisher.author ?? publisher
}

/** What a client leaves to be published when its connection ends without DISCONNECT. */
export interface Will {
  readonly packet: Publish
  /** Seconds between the end of the connection and its publication (5.0); the session's end comes first. */
  readonly delay: number
  /** When it is due, by the stack's clock (ms): set when the connection has ended and the will has to wait. */
  dueAt: number | undefined
}

const NO_GROUPS: readonly string[] = Object.freeze([])

/**
 * The session of a client. Every client has one from its first byte; session-manager names it at CONNECT and
 * hands an older one on to the client that resumes it. Slots of a session outlive the connection with it.
 */
export class Session implements SlotHost, Publisher {
  clientId = ''
  identity: string | undefined = undefined
  /** What authentication said last, for access rules. A backend does not keep it: its client is authenticated again. */
  groups: readonly string[] = NO_GROUPS
  /** The epoch of the connection that opened it last; 0 before it is open. A connection calls backends with `client.epoch`. */
  epoch = 0
  /** Seconds that the session outlives its connection; 0: it ends with it. 0xFFFFFFFF: for ever. */
  expiryInterval = 0
  /** Packet identifiers of QoS 2 messages that awaited PUBREL when the session was opened. */
  inboundIds: PacketIds | undefined = undefined
  /** An earlier connection left it, and this one goes on with it. */
  resumed = false
  /** The connection that has it now. */
  client: Client | undefined = undefined
  /** Memory for the session is counted here, with or without a connection; see `stack.ledger.accountOf(client)`. */
  account: Account | undefined = undefined
  readonly slots: unknown[] = []
  #author: Author | undefined = undefined

  /** Made once: all of its messages that wait anywhere share it. */
  get author(): Author {
    const { clientId, identity } = this
    const known = this.#author
    if (known !== undefined && known.clientId === clientId && known.identity === identity) return known
    this.#author = { clientId, identity }
    return this.#author
  }

  /**
   * Whether the session has a message log in the backend: it outlives its connection, or outlived an earlier one,
   * whatever this connection asks for.
   */
  get stored(): boolean {
    return this.expiryInterval > 0 || this.resumed
  }
}
