/** What the broker knows of a publisher's messages: those under way, and the QoS 2 identifiers that await PUBREL. */
import type { Client } from '@mqtt-stack/core'
import { PacketIds, Slot } from '@mqtt-stack/core'
import { AckQueue } from './ack-queue.ts'

export class Inflow {
  #acks: AckQueue | undefined
  #awaiting: PacketIds | undefined
  /** How many of those that await PUBREL an earlier connection left open. */
  #restored = 0
  /** What the identifiers take, as far as it is counted. */
  #bytes = 0

  /** The acknowledgements that the client is to get; made when the first is. */
  acks(client: Client): AckQueue {
    this.#acks ??= new AckQueue(client)
    return this.#acks
  }

  /** QoS 2 messages that were relayed and await PUBREL. */
  awaiting(client: Client): PacketIds {
    this.#awaiting ??= this.#restore(client)
    return this.#awaiting
  }

  /** How many QoS 1 and 2 messages this connection has under way; what an earlier one left open is not counted. */
  underWay(client: Client): number {
    return this.awaiting(client).size - this.#restored + this.acks(client).ends
  }

  /** Takes an identifier for a new QoS 2 message; false when it is that of a message that awaits PUBREL. */
  claim(client: Client, id: number): boolean {
    const awaiting = this.awaiting(client)
    if (awaiting.has(id)) return false
    const growth = awaiting.growth(id)
    if (growth > 0) this.#count(client, growth)
    awaiting.add(id)
    return true
  }

  /** Waits for the relays and releases under way. */
  settle(): void | Promise<void> {
    return this.#acks?.settle()
  }

  #restore(client: Client): PacketIds {
    const ids = client.session.inboundIds ?? new PacketIds()
    this.#restored = ids.size
    return ids
  }

  /** A bit each: no more than 8 KiB for a client, which is counted and never refused. */
  #count(client: Client, growth: number): void {
    const account = client.stack.ledger.accountOf(client)
    if (this.#bytes === 0) client.onClose(() => account.release(this.#bytes))
    this.#bytes += growth
    account.add(growth)
  }
}

export const inflow: Slot<Inflow> = new Slot(() => new Inflow())
