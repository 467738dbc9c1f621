/** For tests that account for every message: publishers that count, and a device that notes what it received. */
import type { TestClient } from '@mqtt-stack/testing'

/** A client that publishes numbers, each when the one before it was acknowledged, until it is stopped. */
export class Counting {
  readonly #client: TestClient
  readonly #topic: string
  readonly #qos: 1 | 2
  #isStopped = false
  #done: Promise<void> | undefined
  /** The last that was acknowledged; the first one is 1. */
  last = 0

  constructor(client: TestClient, topic: string, qos: 1 | 2 = 2) {
    this.#client = client
    this.#topic = topic
    this.#qos = qos
  }

  start(): this {
    this.#done = this.#run()
    return this
  }

  async stop(): Promise<number> {
    this.#isStopped = true
    await this.#done
    return this.last
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#client.publish(this.#topic, `${this.#client.clientId} ${this.last + 1}`, { qos: this.#qos })
      this.last++
    }
  }
}

/** What a session has received over all its connections, as a device does that forgets no QoS 2 identifier. */
export class Device {
  /** Payloads, in the order of their coming, each message once. */
  readonly payloads: string[] = []
  readonly #held = new Set<number>()
  readonly #read = new Map<TestClient, number>()

  /** Reads what has come on a connection. */
  read(client: TestClient): this {
    const { received } = client
    for (let i = this.#read.get(client) ?? 0; i < received.length; i++) {
      const packet = received[i]
      if (packet.cmd === 'pubrel' && packet.messageId !== undefined) this.#held.delete(packet.messageId)
      if (packet.cmd !== 'publish') continue
      const { messageId = 0, payload, qos } = packet
      if (qos === 2 && this.#held.has(messageId)) continue
      if (qos === 2) this.#held.add(messageId)
      this.payloads.push(payload.toString())
    }
    this.#read.set(client, received.length)
    return this
  }

  /** The numbers of one publisher. */
  of(publisher: string): number[] {
    const own = this.payloads.filter((payload) => payload.startsWith(`${publisher} `))
    return own.map((payload) => Number(payload.slice(publisher.length + 1)))
  }
}

/** 1, 2, … up to this. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1)
}
