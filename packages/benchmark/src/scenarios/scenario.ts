import type { Bench } from '../load/bench.ts'
import type { Transport } from '../load/wire.ts'
import type { Version } from '../mqtt/encode.ts'

/** What a broker must be able to do for a scenario to make sense with it; QoS 0 over TCP goes without saying. */
export type Feature =
  | 'qos1'
  | 'qos2'
  | 'unsubscribe'
  | 'retain'
  | 'sessions'
  | 'v5'
  | 'shared'
  | 'ws'
  | 'tls'
  | 'attack'
  | 'cluster'

export interface Metric {
  readonly key: string
  /** What the number counts, as it stands behind it: "messages/s", "µs at p50". */
  readonly label: string
  /** Whether more of it is better: rates are, times and bytes are not. */
  readonly higherIsBetter: boolean
  /** What our own may have at most; more is told, and fails the command. */
  readonly most?: number
}

export interface Scenario {
  readonly name: string
  /** One line for the list and the report. */
  readonly about: string
  /** Another name that chooses it together with its likes. */
  readonly group?: string
  readonly needs: readonly Feature[]
  readonly transport?: Transport
  readonly version?: Version
  /** Processes that the load is spread over, where one alone would keep a broker waiting (1). */
  readonly parts?: number
  /** Nodes of one service that it runs on; such scenarios are a comparison of their own. */
  readonly nodes?: number
  /** Payload, window and batch where they are not the usual ones. */
  readonly conditions?: string
  readonly metrics: readonly Metric[]
  run(bench: Bench): Promise<Record<string, number>>
}

export const RATE: Metric = { key: 'rate', label: 'messages/s', higherIsBetter: true }
