import type { Client, ReasonCode } from '@mqtt-stack/core'
import { bounded } from '@mqtt-stack/core'

/** The acknowledgements that answer a publisher. */
export type Answer = 'puback' | 'pubrec' | 'pubcomp'

/** An acknowledgement that waits for its relay, or for those before it. */
export interface Pending {
  readonly type: Answer
  readonly id: number
  /** `lost`: what it was to acknowledge failed, and it is never sent. */
  state: 'waiting' | 'ready' | 'lost'
  /** What a 5.0 client is told. */
  reasonCode: ReasonCode
  /** Size of the message that is under way. */
  readonly bytes: number
}

/**
 * Sends acknowledgements in the order in which the packets came [MQTT-4.6.0-2], [MQTT-4.6.0-3], whatever the order in
 * which what they acknowledge is done.
 */
export class AckQueue {
  readonly #client: Client
  readonly #pending: Pending[] = []
  /** Where the first of them stands; what is before it is gone. */
  #first = 0
  #waiting: (() => void) | undefined
  #settling: (() => void) | undefined
  #pubrecs = 0
  #bytes = 0

  constructor(client: Client) {
    this.#client = client
  }

  /** Those under way, and those done that wait for one before them. */
  get length(): number {
    return this.#pending.length - this.#first
  }

  /** Bytes of the messages that they acknowledge. */
  get bytes(): number {
    return this.#bytes
  }

  /** Those among them that end something: PUBREC only goes on with it. */
  get ends(): number {
    return this.length - this.#pubrecs
  }

  /** Whether this acknowledgement is on its way. */
  isPending(type: Answer, id: number): boolean {
    return this.#pending.some((pending, i) => i >= this.#first && pending.id === id && pending.type === type)
  }

  /** For what is done: sent at once, or behind those that wait. */
  send(type: Answer, id: number, reasonCode: ReasonCode): void {
    if (this.length === 0) this.#client.ack(type, id, reasonCode)
    else this.#push({ type, id, state: 'ready', reasonCode, bytes: 0 })
  }

  /**
   * For what is under way; `complete` or `drop` it later.
   * @param bytes What it holds until then.
   */
  reserve(type: Answer, id: number, bytes: number = 0): Pending {
    const pending: Pending = { type, id, state: 'waiting', reasonCode: 0, bytes }
    this.#push(pending)
    return pending
  }

  complete(pending: Pending, reasonCode: ReasonCode): void {
    pending.state = 'ready'
    pending.reasonCode = reasonCode
    this.#move()
  }

  /** What it was to acknowledge failed: it is never sent, and those behind do not wait for it. */
  drop(pending: Pending): void {
    pending.state = 'lost'
    this.#move()
  }

  /** Resolves when the queue has become shorter; for one caller at a time. */
  waitForRoom(): Promise<void> {
    // Each relay has a bound of its own.
    return bounded(
      new Promise((resolve) => {
        this.#waiting = resolve
      }),
    )
  }

  /** Resolves when nothing is under way; for one caller, whose connection is over. At once where nothing is. */
  settle(): void | Promise<void> {
    if (this.length === 0) return
    const settled = new Promise<void>((resolve) => {
      this.#settling = resolve
    })
    // Each relay and release is a chain, which has a bound of its own.
    return bounded(settled)
  }

  #push(pending: Pending): void {
    this.#pending.push(pending)
    if (pending.type === 'pubrec') this.#pubrecs++
    this.#count(pending.bytes)
  }

  #move(): void {
    const pending = this.#pending
    const before = this.#first
    while (this.#first < pending.length && pending[this.#first].state !== 'waiting') {
      const { type, id, state, reasonCode, bytes } = pending[this.#first++]
      this.#count(-bytes)
      if (type === 'pubrec') this.#pubrecs--
      if (state === 'ready') this.#client.ack(type, id, reasonCode)
    }
    if (this.#first === before) return
    // Not at each, for there may be many behind it.
    if (2 * this.#first >= pending.length) {
      pending.splice(0, this.#first)
      this.#first = 0
    }
    const resume = this.#waiting
    this.#waiting = undefined
    resume?.()
    if (this.length === 0) this.#settling?.()
  }

  #count(bytes: number): void {
    if (bytes === 0) return
    this.#bytes += bytes
    const account = this.#client.stack.ledger.accountOf(this.#client)
    if (bytes > 0) account.add(bytes)
    else account.release(-bytes)
  }
}
