import type { Shares } from './bench.ts'
import type { Tally } from './sequence.ts'

/** What the load's process is told, and what it answers: plain data, for it crosses a process boundary. */
export interface Task {
  readonly scenario: string
  /** Which part of the load this process is, from 0. */
  readonly part: number
  readonly port: number
  /** Of all nodes; the first is `port`. */
  readonly nodePorts: readonly number[]
  readonly brokerPid: number
  readonly seconds: number
  readonly warmup: number
}

export interface Outcome {
  readonly values: Record<string, number>
  readonly tally: Tally
  readonly shares?: Shares
}

/** Between the two a load says that it is ready, and goes on when it hears that all parts are. */
export type Answer = { readonly outcome: Outcome } | { readonly error: string } | { readonly ready: true }
