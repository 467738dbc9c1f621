/** What is counted and measured. */

import type { Client } from '../client.ts'
import type { MetricFamily } from '../metric.ts'
import { PATIENCE } from './patience.ts'
import type { RulesOf } from './rule.ts'

const ADD_METRICS = 'add Metrics of @mqtt-stack/metrics to the stack (option metrics of a broker)'

/** Lists that built-ins know; a middleware of yours may answer others. */
export type TopList =
  | 'topics'
  | 'publishers'
  | 'slow-subscribers'
  | 'queues'
  | 'retained-scans'
  | (string & {})

/** One line of a list of the largest. */
export interface TopEntry {
  /** A topic, a client identifier, or a topic filter: what clients chose, so it is no label of a metric. */
  readonly name: string
  /** What it is in the list for. */
  readonly value: number
  /** Of the value: `messages/s`, `messages`, `bytes`, `s`. */
  readonly unit: string
  /** By how much the value may be too large, where it is an estimate. */
  readonly error?: number
  /** Whose it is, where the name is no client identifier. */
  readonly clientId?: string
}

/** Context and store of each. */
export interface MetricCallbacks {
  /**
   * All that is counted and measured. Each pushes the families that it knows of: counts of its own, taken when it is
   * asked. No label is what a client chose. Exporters, `$SYS` and the dashboard read this.
   * @executedBy metrics, anyone
   * @answeredBy metrics, authentication, outbound-manager, backend, anyone
   */
  lookupMetrics: { ctx: object; store: MetricFamily[] }

  /**
   * The largest of something, the first of them first: `topics` and `publishers` by messages a second, `slow-subscribers`
   * by bytes that they have not taken, `queues` by messages that wait for a client, in its session or in memory, `retained-scans` by the time that a
   * subscription’s retained messages took.
   * @executedBy anyone
   * @answeredBy metrics, anyone
   */
  lookupTop: {
    ctx: {
      list: TopList
      /** The most that may be pushed. */
      limit: number
    }
    store: TopEntry[]
  }

  /**
   * What is on its way to a client that is connected here, counted when it is asked: who has much of it takes messages
   * more slowly than they come. Each adds what it holds. What waits in the log of a session is told by `lookupSessions`.
   * @executedBy metrics, admin, anyone
   * @answeredBy outbound-manager, anyone
   */
  lookupOutbound: {
    ctx: { client: Client }
    store: {
      /** Messages of QoS 1 and 2 that were sent and are not acknowledged. */
      inflight: number
      /** Messages that wait in memory, and in no log. */
      queued: number
      /** The log of its session holds what was not sent on this connection. */
      behind: boolean
    }
  }
}

/** Their rules. */
export const METRICS: RulesOf<MetricCallbacks> = {
  lookupMetrics: { merge: 'each', newStore: () => [], patience: PATIENCE },
  lookupTop: { merge: 'each', newStore: () => [], patience: PATIENCE, unanswered: ADD_METRICS },
  lookupOutbound: { merge: 'each', newStore: () => ({ inflight: 0, queued: 0, behind: false }) },
}
