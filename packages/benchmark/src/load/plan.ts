import type { Qos } from '../mqtt/encode.ts'

/** Who publishes what and who hears whom. */
export interface Layout {
  readonly publishers: number
  readonly subscribers: number
  /** Deliveries that one message makes. */
  readonly fan: number
  topic(publisher: number): string
  filter(subscriber: number): string
  /** The publishers that a subscriber hears: the first, and how many from it on. */
  hears(subscriber: number): readonly [number, number]
  /** Of a shared subscription: the number of the subscriber's group. */
  group?(subscriber: number): number
}

export interface Plan extends Layout {
  /** Begins its clients' identifiers, where more than one plan runs at a time. */
  readonly name?: string
  readonly qos: Qos
  /** Bytes. */
  readonly payload: number
  /** Messages a write. */
  readonly batch: number
  /** Most deliveries under way, over all clients. */
  readonly window: number
  /** Subscribers have sessions that outlive their connections. */
  readonly stored?: boolean
  /** Of several nodes, the one that a client connects to, from 0; the first without it. */
  readonly node?: (client: 'publisher' | 'subscriber', index: number, nodes: number) => number
  /** 5.0: properties of each PUBLISH, encoded. */
  readonly properties?: Uint8Array
  /** 5.0: publishers name their topic once and then send this alias in its place. */
  readonly alias?: number
}
