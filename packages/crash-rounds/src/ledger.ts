/** Who was to get what, and who did. */

export type QoS = 1 | 2

interface Sent {
  readonly qos: QoS
  /** Its publisher was told that the broker has it. */
  acknowledged: boolean
}

/** Who receives: one subscriber, or all members of a shared group together. */
export class Receiver {
  readonly name: string
  readonly qos: QoS
  readonly counts: Map<string, number> = new Map()

  constructor(name: string, qos: QoS) {
    this.name = name
    this.qos = qos
  }

  got(id: string): void {
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1)
  }
}

/** Of one kind of messages: what was sent, and what has to be of it. */
export class Ledger {
  readonly #sent = new Map<string, Sent>()
  readonly receivers: Receiver[] = []
  acknowledged = 0

  receiver(name: string, qos: QoS): Receiver {
    const receiver = new Receiver(name, qos)
    this.receivers.push(receiver)
    return receiver
  }

  sent(id: string, qos: QoS): void {
    this.#sent.set(id, { qos, acknowledged: false })
  }

  acknowledge(id: string): void {
    const sent = this.#sent.get(id)
    if (sent === undefined || sent.acknowledged) return
    sent.acknowledged = true
    this.acknowledged++
  }

  /** How many messages that were acknowledged somebody still has to get. */
  get missing(): number {
    return this.lost().length
  }

  /** Messages that were acknowledged and that a receiver does not have. */
  lost(): string[] {
    const lost: string[] = []
    for (const [id, { acknowledged }] of this.#sent) {
      if (!acknowledged) continue
      for (const { name, counts } of this.receivers) if (!counts.has(id)) lost.push(`${id} for ${name}`)
    }
    return lost
  }

  /** Messages of QoS 2 that came more than once. */
  twice(): string[] {
    return this.receivers.flatMap(({ name, qos, counts }) =>
      [...counts]
        .filter(([id, count]) => count > 1 && qos === 2 && this.#sent.get(id)?.qos === 2)
        .map(([id, count]) => `${id} for ${name}: ${count} times`),
    )
  }

  /** Messages that nobody sent. */
  strange(): string[] {
    return this.receivers.flatMap(({ name, counts }) =>
      [...counts.keys()].filter((id) => !this.#sent.has(id)).map((id) => `${id} for ${name}`),
    )
  }

  get size(): number {
    return this.#sent.size
  }

  /** Copies that came, of all receivers. */
  get delivered(): number {
    let sum = 0
    for (const { counts } of this.receivers) for (const count of counts.values()) sum += count
    return sum
  }
}

/** Retained messages: the value of a topic is one that was sent, and none before the last that was acknowledged. */
export class States {
  readonly #topics = new Map<string, { acknowledged: number; sent: number }>()

  /** The next value of a topic. */
  next(topic: string): number {
    const state = this.#of(topic)
    return ++state.sent
  }

  acknowledge(topic: string, value: number): void {
    const state = this.#of(topic)
    state.acknowledged = Math.max(state.acknowledged, value)
  }

  /**
   * What is wrong with the values that are retained.
   * @param found By topic. Odd values are kept, even ones clear the topic.
   */
  wrong(found: ReadonlyMap<string, number>): string[] {
    return [...this.#topics].flatMap(([topic, { acknowledged, sent }]) => {
      const value = found.get(topic)
      const possible = Array.from({ length: sent - acknowledged + 1 }, (_, i) => acknowledged + i)
      const isRight = possible.some((one) => (one % 2 === 1 ? value === one : value === undefined))
      return isRight ? [] : [`${topic} is ${value}, and not from ${acknowledged} to ${sent}`]
    })
  }

  #of(topic: string): { acknowledged: number; sent: number } {
    const state = this.#topics.get(topic) ?? { acknowledged: 0, sent: 0 }
    this.#topics.set(topic, state)
    return state
  }
}
