/** For tests that account for every message: publishers that count, and a device that notes what it received. */
import type { Clock } from '@mqtt-stack/core'
import type { TestClient } from '@mqtt-stack/testing'

/** A client that publishes numbers, each when the one before it was acknowledged, until it is stopped. */
export class Counting {
  readonly #client: TestClient
  readonly #topic: string
  readonly #qos: 1 | 2
  readonly #pause: { readonly clock: Clock; readonly ms: number } | undefined
  #isStopped = false
  #done: Promise<void> | undefined
  /** How many packets that came were looked at. */
  #read = 0
  /** The last that was acknowledged; the first one is 1. */
  last = 0

  /** @param pause Between two messages. */
  constructor(client: TestClient, topic: string, qos: 1 | 2 = 2, pause?: { clock: Clock; ms: number }) {
    this.#client = client
    this.#topic = topic
    this.#qos = qos
    this.#pause = pause
  }

  start(): this {
    this.#done = this.#run()
    return this
  }

  /** No more is published; fulfils when the last was acknowledged. */
  async stop(): Promise<number> {
    this.#isStopped = true
    await this.#done
    return this.last
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const messageId = this.#client.nextId()
      const payload = `${this.#client.clientId} ${this.last + 1}`
      const rest = { qos: this.#qos, retain: false, dup: false } as const
      this.#client.send({ cmd: 'publish', topic: this.#topic, payload, messageId, ...rest })
      // In its own time: an acknowledgement may need some to pass.
      while (!this.#isAcknowledged(messageId)) await this.#rest()
      this.last++
      if (!this.#isStopped) await this.#rest()
    }
  }

  #rest(): Promise<void> {
    const { clock, ms } = this.#pause ?? {}
    if (clock === undefined || ms === undefined) return new Promise((resolve) => void setImmediate(resolve))
    return new Promise((resolve) => void clock.after(ms, resolve))
  }

  #isAcknowledged(messageId: number): boolean {
    const { received } = this.#client
    const last = this.#qos === 2 ? 'pubcomp' : 'puback'
    while (this.#read < received.length) {
      const packet = received[this.#read++]
      if (packet.cmd !== last || packet.messageId !== messageId) continue
      const { reasonCode = 0 } = packet
      if (reasonCode >= 0x80) throw new Error(`a message was refused with ${reasonCode}`)
      return true
    }
    return false
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
