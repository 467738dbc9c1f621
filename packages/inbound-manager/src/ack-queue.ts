import type { Client } from '@mqtt-stack/core'

/** An acknowledgement that waits for its relay, or for those before it. */
export interface Pending {
  readonly type: 'puback' | 'pubrec'
  readonly id: number
  ready: boolean
}

/**
 * Sends PUBACK and PUBREC in the order in which the messages came [MQTT-4.6.0-2], [MQTT-4.6.0-3], whatever the order in
 * which their relays complete.
 */
export class AckQueue {
  readonly #client: Client
  #pending: Pending[] = []
  #waiting: (() => void) | undefined

  constructor(client: Client) {
    this.#client = client
  }

  /** Relays under way, and those done that wait for one. */
  get length(): number {
    return this.#pending.length
  }

  /** For a relay that is complete. */
  now(type: Pending['type'], id: number): void {
    if (this.#pending.length === 0) this.#client.ack(type, id)
    else this.#pending.push({ type, id, ready: true })
  }

  /** For a relay under way; `complete` it later. */
  later(type: Pending['type'], id: number): Pending {
    const pending = { type, id, ready: false }
    this.#pending.push(pending)
    return pending
  }

  complete(pending: Pending): void {
    pending.ready = true
    let sent = 0
    for (; sent < this.#pending.length && this.#pending[sent].ready; sent++) {
      const { type, id } = this.#pending[sent]
      this.#client.ack(type, id)
    }
    if (sent === 0) return
    this.#pending.splice(0, sent)
    const resume = this.#waiting
    this.#waiting = undefined
    resume?.()
  }

  /** Resolves when an acknowledgement has gone out. */
  moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}
