/** What whoever runs a broker wants to know of it, and to change: health, nodes, users. No client asks for it. */

import type { RulesOf } from './rule.ts'

/** How one part of the broker is. */
export interface Health {
  /** Such as `store` or `cluster`. */
  readonly name: string
  readonly healthy: boolean
  /** Where it is not: why, in words. */
  readonly reason?: string | undefined
}

/** A node of a service of several brokers. */
export interface NodeSummary {
  readonly node: string
  /** It is this one. */
  readonly self: boolean
  /** It has been heard of lately. */
  readonly alive: boolean
  /** Of this node, what it is about: `in service`, `joining`, `lost`, `stopped`. */
  readonly state?: string | undefined
}

/** A user as whoever knows it says. No secret is among it. */
export interface UserSummary {
  readonly name: string
  readonly groups: readonly string[]
  /** The name of the middleware that knows it. */
  readonly provider: string
}

/** Context and store of each. */
export interface OperationCallbacks {
  /**
   * How each part of the broker is, pushed to the store by whoever has one that may fail. Answered at once.
   * @executedBy admin, tracing, anyone
   * @answeredBy backend, anyone
   */
  lookupHealth: { ctx: object; store: Health[] }

  /**
   * The nodes of the service that this broker is one of, pushed to the store; none where it is alone.
   * @executedBy admin, anyone
   * @answeredBy backend
   */
  lookupNodes: { ctx: object; store: NodeSummary[] }

  /**
   * Users, by name, pushed to the store by everybody who has a list of them.
   * @executedBy admin, anyone
   * @answeredBy auth-password, whoever has a list of users
   */
  lookupUsers: {
    ctx: {
      /** Of this middleware alone. */
      provider?: string
      /** Only names that sort behind this one (by UTF-16 code unit); absent: from the first. */
      after?: string
      /** The most that each may push. */
      limit: number
    }
    store: UserSummary[]
  }

  /**
   * A user is added or changed where its provider can write. What it has already and is not given stays.
   * @executedBy admin, anyone
   * @answeredBy auth-password, whoever has a list of users that it can write
   */
  storeUser: {
    ctx: {
      /** The middleware that is meant; others leave it alone. */
      provider: string
      name: string
      /** In plain text; never kept so, and never logged. */
      password?: string
      groups?: readonly string[]
    }
    store: {
      /** It is written down, and holds. */
      stored?: boolean
      /** There was such a user. */
      existed?: boolean
    }
  }

  /**
   * A user is removed where its provider can write. Its connections are closed.
   * @executedBy admin, anyone
   * @answeredBy auth-password, whoever has a list of users that it can write
   */
  removeUser: {
    ctx: {
      /** The middleware that is meant; others leave it alone. */
      provider: string
      name: string
    }
    store: {
      /** The middleware that is meant has answered. */
      asked?: boolean
      /** There was such a user, and it is gone. */
      existed?: boolean
    }
  }
}

/** Their rules. */
export const OPERATION: RulesOf<OperationCallbacks> = {
  lookupHealth: { merge: 'all', newStore: () => [] },
  lookupNodes: { merge: 'all', newStore: () => [] },
  lookupUsers: { merge: 'all', newStore: () => [] },
  storeUser: { merge: 'all' },
  removeUser: { merge: 'all' },
}
