/** Dropped messages, counted by client until they are told. */
import type { Client, Context, DropReason } from '@mqtt-stack/core'

/** Clients that are counted by name at a time; those of all others are counted together. */
const CLIENTS = 1_000

/** What one client lost. */
export interface Drops {
  readonly clientId: string
  readonly client: Client | undefined
  count: number
  readonly reasons: Map<DropReason, number>
}

export class DropCounts {
  #byClient = new Map<string, Drops>()

  add({ clientId, client, reason, count }: Context<'messageDropped'>): void {
    const name = this.#byClient.size < CLIENTS || this.#byClient.has(clientId) ? clientId : ''
    let drops = this.#byClient.get(name)
    if (drops === undefined) {
      drops = { clientId: name, client: name === '' ? undefined : client, count: 0, reasons: new Map() }
      this.#byClient.set(name, drops)
    }
    drops.count += count
    drops.reasons.set(reason, (drops.reasons.get(reason) ?? 0) + count)
  }

  /** Those that were counted since the last time, client by client. */
  take(): Iterable<Drops> {
    const taken = this.#byClient
    this.#byClient = new Map()
    return taken.values()
  }
}
