/** Clients of whose packet only a part came. */
import type { ClientConnection } from '../connection/index.ts'

/** Bytes of an unfinished packet that must come in each packet timeout. */
const LEAST = 8_192

/** What had come of a client's packet when it was last found to have grown. */
interface Progress {
  /** Which packet, as the inbox counts them. */
  packet: number
  bytes: number
  since: number
}

/** Finds clients whose packet does not go on: it holds memory, and would hold it for ever. */
export class Unfinished {
  readonly #clients = new Map<ClientConnection, Progress>()

  /** A client holds an unfinished packet that is worth counting. */
  add(client: ClientConnection, now: number): void {
    if (this.#clients.has(client)) return
    this.#clients.set(client, { packet: client.inbox.begun, bytes: client.inbox.have, since: now })
  }

  delete(client: ClientConnection): void {
    this.#clients.delete(client)
  }

  /** Those of whose packet too little came for `timeout` milliseconds; they are forgotten. */
  take(now: number, timeout: number): ClientConnection[] {
    const found: ClientConnection[] = []
    for (const [client, seen] of this.#clients) {
      const { have, begun } = client.inbox
      if (have === 0) this.#clients.delete(client)
      else if (begun !== seen.packet || have - seen.bytes >= LEAST || !client.reading) {
        seen.packet = begun
        seen.bytes = have
        seen.since = now
      } else if (now - seen.since >= timeout) {
        this.#clients.delete(client)
        found.push(client)
      }
    }
    return found
  }
}
