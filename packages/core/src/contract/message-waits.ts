/** The messages that wait for a receiver, of those that are sampled: how long until they are sent. */
import type { Publish } from '../packets/index.ts'
import type { Clock } from '../time/index.ts'
import type { Client } from './client.ts'
import type { Traffic } from './traffic.ts'

/** So many receivers are followed at a time, one message each. */
const RECEIVERS = 256
/** Where that is not enough, whoever has waited longer gives way, in ms. */
const LONG = 60_000

type Told = (seconds: number, weight: number, packet: Publish) => void

/** A message that waits. */
interface Waiting {
  /** The message, or its place in the log. */
  readonly key: Publish | number
  /** When its bytes came. */
  readonly since: number
  /** For how many it stands: those that come for the receiver meanwhile included. */
  weight: number
}

/**
 * For whoever lets messages wait for connected clients, in a queue (known by the packet) or in the session's log (by the
 * place in it): tell it of each message that is to wait, of each that is sent after it has waited, and of each that is
 * removed. Where nobody samples each call costs a comparison.
 */
export class MessageWaits {
  readonly #traffic: Traffic
  readonly #clock: Clock
  readonly #told: Told
  readonly #waiting = new Map<Client, Waiting>()
  /** Of the message whose way is measured now. */
  #since = 0
  #weight = 1
  /** Those for whom there was no place. */
  #passed = 0

  /** @param told Is told of each wait that ends. */
  constructor(traffic: Traffic, clock: Clock, told: Told) {
    this.#traffic = traffic
    this.#clock = clock
    this.#told = told
  }

  /**
   * A message that was just forwarded is to wait for a client.
   * @param sequence Its place in the log of the client's session; none for what waits in a queue.
   */
  begin(client: Client, packet: Publish, sequence?: number): void {
    if (packet === this.#traffic.watched) this.#follow(client, sequence ?? packet)
  }

  /**
   * One that had to wait does so no more.
   * @param isSent It was just handed to `client.publish`; otherwise it is purged, over, or withheld.
   * @param sequence As it was said to {@link begin}.
   */
  end(client: Client, packet: Publish, isSent: boolean, sequence?: number): void {
    if (this.#waiting.size > 0) this.#end(client, packet, isSent, sequence ?? packet)
  }

  /** Nothing waits for this connection any more. */
  forget(client: Client): void {
    if (this.#waiting.size > 0) this.#waiting.delete(client)
  }

  /** Internal: what is measured now, its bytes came at `since`, and it stands for `weight`. */
  measure(since: number, weight: number): void {
    this.#since = since
    this.#weight = weight
  }

  /** Internal: nobody wants to know any more. */
  clear(): void {
    this.#waiting.clear()
    this.#passed = 0
  }

  #follow(client: Client, key: Publish | number): void {
    if (client.closed) return
    const known = this.#waiting.get(client)
    // One at a time, and it stands for those behind it: they wait as it does.
    if (known !== undefined) known.weight += this.#weight
    else if (!this.#hasRoom()) this.#passed += this.#weight
    else {
      this.#waiting.set(client, { key, since: this.#since, weight: this.#weight + this.#passed })
      this.#passed = 0
    }
  }

  #hasRoom(): boolean {
    if (this.#waiting.size < RECEIVERS) return true
    const long = this.#clock.now() - LONG
    for (const [client, { since }] of this.#waiting)
      if (client.closed || since < long) this.#waiting.delete(client)
    return this.#waiting.size < RECEIVERS
  }

  #end(client: Client, packet: Publish, isSent: boolean, key: Publish | number): void {
    const waiting = this.#waiting.get(client)
    if (waiting === undefined) return
    // A log is read in its order: what was passed over is not in it any more.
    const isPassed = typeof key === 'number' && typeof waiting.key === 'number' && key > waiting.key
    if (key !== waiting.key && !isPassed) return
    this.#waiting.delete(client)
    if (isSent && !isPassed) this.#told((this.#clock.now() - waiting.since) / 1_000, waiting.weight, packet)
  }
}
