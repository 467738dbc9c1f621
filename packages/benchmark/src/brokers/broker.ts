import type { Feature } from '../scenarios/scenario.ts'

/** What a broker is started with. */
export interface Listen {
  readonly transport: 'tcp' | 'tls' | 'ws'
  /** Free on loopback; where the load connects. */
  readonly port: number
  /** Of all nodes of a service; the first is `port`. */
  readonly nodePorts: readonly number[]
  /** A second free one, for brokers that must have a TCP listener beside the WebSocket. */
  readonly sparePort: number
  /** A directory of this run, removed after it; with `transport: 'tls'` it holds the two files. */
  readonly directory: string
  readonly cert: string
  readonly key: string
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
}

/** A broker under test: how to start it, and what it can do. */
export interface Broker {
  readonly name: string
  /** Undefined when it is not installed or not built. */
  readonly version: string | undefined
  /** What to do to have it, for the line that says it is left out. */
  readonly hint: string
  readonly features: ReadonlySet<Feature>
  /** Takes part only when it is named, and in the report. */
  readonly extra?: boolean
  command(listen: Listen): Command
}

export function supports(broker: Broker, needs: readonly Feature[]): boolean {
  return needs.every((feature) => broker.features.has(feature))
}
