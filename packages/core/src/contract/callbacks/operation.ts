/** What whoever runs a broker wants to know of it, and to change: health, nodes, users. No client asks for it. */

import { PATIENCE } from './patience.ts'
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

/** An access rule as whoever decides by it says. */
export interface RuleSummary {
  /** Its place among the rules of its provider, from 1: the order in which they decide. */
  readonly place: number
  /** In its provider's words: `allow publish plant/# user alice`. */
  readonly text: string
  /** Where it stands: `rules.acl:3`. */
  readonly source?: string | undefined
  /** It can be changed by `storeRule`. */
  readonly writable: boolean
}

/** Access rules of one provider. */
export interface RuleList {
  /** The name of the middleware that decides by them. */
  readonly provider: string
  /** Another one whenever a rule, or the place of one, is another one. */
  readonly version: string
  /** How many rules there are. */
  readonly count: number
  /** Why no rule can be added, and what to do; absent: they can. */
  readonly readOnly?: string | undefined
  /** By place. */
  readonly rules: readonly RuleSummary[]
}

/** What became of a change of rules. */
export interface RuleChange {
  /**
   * `changed`: it is written down, and holds; `stale`: the rules are others than those of `version`; `missing`: there is no
   * such place; `read-only`: that rule, or any, cannot be changed. Nothing has changed but for the first.
   */
  outcome?: 'changed' | 'stale' | 'missing' | 'read-only'
  /** Where nothing has changed: why, and what to do. */
  reason?: string
  /** Of the rules that hold now. */
  version?: string
  /** Where the rule stands now. */
  place?: number
}

/** Context and store of each. */
export interface OperationCallbacks {
  /**
   * How each part of the broker is, pushed to the store by whoever has one that may fail. Answered at once. A
   * handler that fails is a part that is not well, by the name of its middleware.
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
   * Something is said to the middlewares of other nodes, at once or not at all: nothing of it is kept for a node that cannot be
   * reached now. Whoever must know that it has come has it answered in the same way. Where this node is alone nothing happens.
   * @executedBy admin, anyone
   * @answeredBy backend
   */
  tellNodes: {
    ctx: {
      /** Whom it concerns: the name of whoever says it. */
      subject: string
      /** At most 1,048,576 characters (`OPTION_INVALID`). */
      text: string
      /** This node alone; absent: all others. */
      to?: string
    }
    store: {
      /** To whom it was sent. */
      nodes: string[]
    }
  }

  /**
   * Another node said something by `tellNodes`.
   * @executedBy backend
   * @answeredBy admin, anyone
   */
  nodeTold: {
    ctx: {
      /** Which one. */
      node: string
      subject: string
      text: string
    }
    store: object
  }

  /**
   * Users, by name, pushed to the store by everybody who has a list of them.
   * @executedBy admin, anyone
   * @answeredBy auth-password, auth-scram, whoever has a list of users
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
   * @answeredBy auth-password, auth-scram, whoever has a list of users that it can write
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
   * @answeredBy auth-password, auth-scram, whoever has a list of users that it can write
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

  /**
   * Access rules, in their order, pushed to the store by everybody who has a list of them.
   * @executedBy admin, anyone
   * @answeredBy acl, whoever has a list of rules
   */
  lookupRules: {
    ctx: {
      /** Of this middleware alone. */
      provider?: string
      /** Only rules behind this place; absent: from the first. */
      after?: number
      /** The most rules that each may name; 0 for none. */
      limit: number
    }
    store: RuleList[]
  }

  /**
   * An access rule is added, changed or moved where its provider can write. Whatever was allowed by what is changed is asked
   * about again, as when the provider reads its rules anew. A rule that cannot be used is an error, and changes nothing.
   * @executedBy admin, anyone
   * @answeredBy acl, whoever has a list of rules that it can write
   */
  storeRule: {
    ctx: {
      /** The middleware that is meant; others leave it alone. */
      provider: string
      /** Of the rules that whoever asks has seen. */
      version: string
      /** The rule that is changed; absent: one is added. */
      place?: number
      /** Its place from then on; absent: as it was, or the last one. */
      to?: number
      /** In the provider's words; absent: as it was. */
      text?: string
    }
    store: RuleChange
  }

  /**
   * An access rule is removed where its provider can write; otherwise as `storeRule`.
   * @executedBy admin, anyone
   * @answeredBy acl, whoever has a list of rules that it can write
   */
  removeRule: {
    ctx: {
      /** The middleware that is meant; others leave it alone. */
      provider: string
      /** Of the rules that whoever asks has seen. */
      version: string
      place: number
    }
    store: RuleChange
  }
}

/** Their rules. */
export const OPERATION: RulesOf<OperationCallbacks> = {
  lookupHealth: {
    merge: 'each',
    newStore: () => [],
    patience: PATIENCE,
    failed: (store, name, { message }) => {
      store.push({ name, healthy: false, reason: `it could not say how it is: ${message}` })
    },
  },
  lookupNodes: { merge: 'each', newStore: () => [], patience: PATIENCE },
  tellNodes: { merge: 'all', newStore: () => ({ nodes: [] }) },
  nodeTold: { merge: 'told' },
  lookupUsers: { merge: 'each', newStore: () => [], patience: PATIENCE },
  storeUser: { merge: 'all' },
  removeUser: { merge: 'all' },
  lookupRules: { merge: 'each', newStore: () => [], patience: PATIENCE },
  storeRule: { merge: 'all' },
  removeRule: { merge: 'all' },
}
