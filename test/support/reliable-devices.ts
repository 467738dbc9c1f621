/** The two ends of QoS 1 and 2 as the standard describes them: what they know outlives their connections. */
import type { TestClient } from '@mqtt-stack/testing'
import { settle } from '@mqtt-stack/testing'

type Received = TestClient['received'][number]

/** Handles the packets of its connections one by one, each once. */
abstract class Device {
  readonly #seen = new WeakMap<TestClient, number>()

  /** Handles packets that have come, `limit` of them at most that ask for something. Answers how many there were. */
  answer(client: TestClient, limit: number = Number.POSITIVE_INFINITY): number {
    let answered = 0
    let seen = this.#seen.get(client) ?? 0
    for (; seen < client.received.length && answered < limit; seen++) {
      if (this.take(client, client.received[seen])) answered++
    }
    this.#seen.set(client, seen)
    return answered
  }

  /** Handles packets until all is quiet, or until there were `limit` of them that ask for something. */
  async serve(client: TestClient, limit: number = Number.POSITIVE_INFINITY): Promise<void> {
    for (let answered = 0; ; ) {
      await settle()
      const more = answered < limit ? this.answer(client, limit - answered) : 0
      if (more === 0) return
      answered += more
    }
  }

  /** Whether the packet asked for something. */
  protected abstract take(client: TestClient, packet: Received): boolean
}

/** Delivers QoS 2 messages once, by their identifiers. */
export class ReliableReceiver extends Device {
  /** Payloads, in the order of delivery. */
  readonly delivered: string[] = []
  readonly #held = new Set<number>()

  protected take(client: TestClient, packet: Received): boolean {
    const { messageId } = packet
    if (messageId === undefined) return false
    if (packet.cmd === 'publish') {
      if (!this.#held.has(messageId)) this.delivered.push(packet.payload.toString())
      if (packet.qos === 2) this.#held.add(messageId)
      client.send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId })
      return true
    }
    if (packet.cmd !== 'pubrel') return false
    this.#held.delete(messageId)
    client.send({ cmd: 'pubcomp', messageId })
    return true
  }
}

interface UnderWay {
  readonly id: number
  readonly qos: 1 | 2
  readonly payload: string
  phase: 'publish' | 'pubrel'
  /** It goes out with DUP from then on. */
  sent: boolean
}

/** Publishes to `t`, and again on a new connection what was not acknowledged, in order. */
export class ReliablePublisher extends Device {
  readonly #under: UnderWay[] = []
  #lastId = 0

  get done(): boolean {
    return this.#under.length === 0
  }

  /** Publishes a message, at once where there is a connection. */
  publish(qos: 1 | 2, payload: string, client?: TestClient): void {
    const message: UnderWay = { id: ++this.#lastId, qos, payload, phase: 'publish', sent: false }
    this.#under.push(message)
    if (client !== undefined) this.#send(client, message)
  }

  /** A new connection: sends all that is under way. */
  resume(client: TestClient): void {
    for (const message of this.#under) this.#send(client, message)
  }

  protected take(client: TestClient, { cmd, messageId }: Received): boolean {
    const at = this.#under.findIndex(({ id }) => id === messageId)
    if (at < 0) return false
    if (cmd === 'puback' || cmd === 'pubcomp') this.#under.splice(at, 1)
    else if (cmd === 'pubrec') {
      this.#under[at].phase = 'pubrel'
      this.#send(client, this.#under[at])
    }
    return true
  }

  #send(client: TestClient, message: UnderWay): void {
    const { id: messageId, qos, payload, sent } = message
    if (message.phase === 'pubrel') client.send({ cmd: 'pubrel', messageId })
    else client.send({ cmd: 'publish', topic: 't', payload, qos, messageId, retain: false, dup: sent })
    message.sent = true
  }
}
