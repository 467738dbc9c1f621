import type { TopicCursor } from '../topics/index.ts'
import { SortedTopics } from '../topics/index.ts'
import type { Client } from './client.ts'

/** Where a client stands: its identifier is what is sorted by. */
interface Place {
  readonly topic: string
  readonly client: Client
}

/** What is wanted of a list of clients. */
export interface ClientRange {
  /** Only client identifiers that sort behind this one; absent: from the first. */
  readonly after?: string | undefined
  /** Only client identifiers that begin so. */
  readonly prefix?: string | undefined
}

/**
 * Clients that are connected, found by their identifiers and in the order of them (by UTF-16 code unit). The order is made
 * when somebody asks for the first time, and kept from then on: who is never asked pays nothing for it.
 *
 * Whoever has one tells it of each {@link connected | clientConnected} and {@link disconnected | clientDisconnected}.
 */
export class ClientList implements Iterable<Client> {
  readonly #all: () => Iterable<Client>
  readonly #order = new SortedTopics<Place>()
  readonly #places = new Map<string, Place>()
  #isMade = false
  /** How often it has changed: a cursor is good until the next change. */
  #changes = 0

  /** @param all Everybody connected, accepted or not, as `stack.clients` has them. */
  constructor(all: () => Iterable<Client>) {
    this.#all = all
  }

  /** How many are connected. */
  get size(): number {
    this.#make()
    return this.#places.size
  }

  /** The client with this identifier, if it is connected. */
  get(clientId: string): Client | undefined {
    this.#make()
    return this.#places.get(clientId)?.client
  }

  /** Those that a function wants, in order; it is called as they are asked for. */
  *find(isWanted: (client: Client) => boolean, range: ClientRange = {}): Generator<Client, void, void> {
    for (const client of this.within(range)) if (isWanted(client)) yield client
  }

  [Symbol.iterator](): Generator<Client, void, void> {
    return this.within({})
  }

  /** Those of a range, in order. Who comes or goes meanwhile is given at most once. */
  *within({ after, prefix = '' }: ClientRange): Generator<Client, void, void> {
    this.#make()
    let last = after
    let [cursor, changes] = [this.#behind(last, prefix), this.#changes]
    while (true) {
      if (changes !== this.#changes) [cursor, changes] = [this.#behind(last, prefix), this.#changes]
      const { item } = cursor
      if (item?.topic.startsWith(prefix) !== true) return
      last = item.topic
      cursor.next()
      yield item.client
    }
  }

  /** A client was accepted. */
  connected(client: Client): void {
    if (!this.#isMade) return
    this.#remove(client.id)
    const place = { topic: client.id, client }
    this.#places.set(client.id, place)
    this.#order.add(place)
    this.#changes++
  }

  /** An accepted client is gone. */
  disconnected(client: Client): void {
    if (this.#isMade && this.#places.get(client.id)?.client === client) this.#remove(client.id)
  }

  #remove(clientId: string): void {
    if (!this.#places.delete(clientId)) return
    this.#order.remove(clientId)
    this.#changes++
  }

  #behind(after: string | undefined, prefix: string): TopicCursor<Place> {
    const from = after === undefined || after < prefix ? prefix : after
    const cursor = this.#order.seek(from)
    if (from === after && cursor.item?.topic === after) cursor.next()
    return cursor
  }

  #make(): void {
    if (this.#isMade) return
    this.#isMade = true
    for (const client of this.#all()) if (client.connected && !client.closed) this.connected(client)
  }
}
