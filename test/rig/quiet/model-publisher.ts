import type { ReceivedPacket } from '@mqtt-stack/testing'
import { ModelClient } from './model-client.ts'
import type { Level } from './model-receiver.ts'

interface UnderWay {
  readonly payload: string
  readonly qos: Level
  readonly topic: string
  /** Seconds; only a 5.0 client says so. */
  readonly expiry: number | undefined
  released: boolean
}

/** Publishes, and sends again after each connect what the broker has not acknowledged. */
export class ModelPublisher extends ModelClient {
  /** By payload: its QoS, of what was acknowledged. */
  readonly acknowledged: Map<string, Level> = new Map()
  readonly sent: Map<string, Level> = new Map()
  readonly #underWay = new Map<number, UnderWay>()
  #count = 0
  #lastId = 0

  get underWay(): number {
    return this.#underWay.size
  }

  publish(topic: string, qos: Level, size: number, expiry?: number): void {
    const payload = `${this.clientId}-${++this.#count}`.padEnd(size)
    do this.#lastId = (this.#lastId % 65_535) + 1
    while (this.#underWay.has(this.#lastId))
    const message = { payload, qos, topic, expiry, released: false }
    this.sent.set(payload, qos)
    this.#underWay.set(this.#lastId, message)
    if (this.accepted) this.#send(this.#lastId, message, false)
  }

  protected resume(): void {
    for (const [messageId, message] of this.#underWay) {
      if (message.released) this.send({ cmd: 'pubrel', messageId })
      else this.#send(messageId, message, true)
    }
  }

  #send(messageId: number, { topic, payload, qos, expiry }: UnderWay, dup: boolean): void {
    const properties =
      expiry === undefined || this.protocolVersion === 4 ? {} : { messageExpiryInterval: expiry }
    this.send({ cmd: 'publish', topic, payload, qos, messageId, dup, retain: false, properties })
  }

  protected handle(packet: ReceivedPacket): void {
    const { cmd, messageId = 0 } = packet
    const message = this.#underWay.get(messageId)
    if (message === undefined) return
    const refused = 'reasonCode' in packet && (packet.reasonCode ?? 0) >= 0x80
    if (refused && (cmd === 'puback' || cmd === 'pubrec')) this.#underWay.delete(messageId)
    else if (cmd === 'puback') this.#done(messageId, message)
    else if (cmd === 'pubrec') {
      message.released = true
      this.acknowledged.set(message.payload, 2)
      this.send({ cmd: 'pubrel', messageId })
    } else if (cmd === 'pubcomp') this.#underWay.delete(messageId)
  }

  #done(messageId: number, { payload, qos }: UnderWay): void {
    this.acknowledged.set(payload, qos)
    this.#underWay.delete(messageId)
  }
}
