import type { Shares } from './bench.ts'
import type { Tally } from './sequence.ts'

/** What the load's process is told, and what it answers: plain data, for it crosses a process boundary. */
export interface Task {
  readonly scenario: string
  readonly port: number
  readonly brokerPid: number
  readonly seconds: number
  readonly warmup: number
}

export interface Outcome {
  readonly values: Record<string, number>
  readonly tally: Tally
  readonly shares?: Shares
}

export type Answer = { readonly outcome: Outcome } | { readonly error: string }
