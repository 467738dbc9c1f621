import type { ReceivedPacket, SentPacket } from '@mqtt-stack/testing'
import { ModelClient } from './model-client.ts'
import type { Random } from './random.ts'

export type Level = 1 | 2

/** Gets what is published to `a/#`, and acknowledges it when it is told to. */
export class ModelReceiver extends ModelClient {
  readonly qos: Level
  readonly filter: string
  /** How often each payload came. */
  readonly got: Map<string, number> = new Map()
  /** The SUBACK has come. */
  subscribed = false
  lost = false
  readonly #random: Random
  readonly #incoming = new Set<number>()
  #owed: SentPacket[] = []

  constructor(
    clientId: string,
    protocolVersion: 4 | 5,
    qos: Level,
    random: Random,
    receiveMaximum: number,
    filter = 'a/#',
  ) {
    super(clientId, protocolVersion)
    this.qos = qos
    this.filter = filter
    this.#random = random
    this.receiveMaximum = receiveMaximum
  }

  protected override readonly receiveMaximum: number

  get owes(): number {
    return this.#owed.length
  }

  /** Sends up to so many of the acknowledgements that it owes; mostly in order. */
  acknowledge(most: number): void {
    for (let i = 0; i < most && this.#owed.length > 0; i++) {
      const at = this.#random.chance(0.1) ? this.#random.below(this.#owed.length) : 0
      this.send(this.#owed.splice(at, 1)[0])
    }
  }

  freeze(): void {
    this.client?.freeze()
  }

  thaw(): void {
    this.client?.thaw()
  }

  protected resume(present: boolean): void {
    if (this.subscribed && !present) this.lost = true
    if (!present)
      this.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic: this.filter, qos: this.qos }],
      })
  }

  protected handle(packet: ReceivedPacket): void {
    const { cmd, messageId = 0 } = packet
    if (cmd === 'suback') this.subscribed = true
    else if (cmd === 'publish') {
      const payload = String(packet.payload)
      if (packet.qos < 2 || !this.#incoming.has(messageId))
        this.got.set(payload, (this.got.get(payload) ?? 0) + 1)
      if (packet.qos === 2) this.#incoming.add(messageId)
      if (packet.qos > 0) this.#owed.push({ cmd: packet.qos === 2 ? 'pubrec' : 'puback', messageId })
    } else if (cmd === 'pubrel') {
      this.#incoming.delete(messageId)
      this.#owed.push({ cmd: 'pubcomp', messageId })
    }
  }

  protected override gone(): void {
    super.gone()
    this.#owed = []
  }
}
