import type { Qos } from '../mqtt/encode.ts'
import { PacketType } from '../mqtt/encode.ts'
import { isSealed, publisherOf, sequenceOf } from '../mqtt/payload.ts'
import { LoadClient } from './client.ts'
import type { Check, Tally } from './sequence.ts'
import type { Target } from './wire.ts'

export interface SubscriberOptions {
  readonly target: Target
  readonly id: string
  readonly qos: Qos
  readonly payload: number
  readonly check: Check
  readonly tally: Tally
  /** Told of each message that had not been delivered here before. */
  readonly delivered: (publisher: number) => void
}

/** Checks and acknowledges what it is sent. */
export class Subscriber extends LoadClient {
  readonly #qos: Qos
  readonly #payload: number
  readonly #check: Check
  readonly #tally: Tally
  readonly #delivered: (publisher: number) => void

  constructor(options: SubscriberOptions) {
    super(options.target, options.id)
    this.#qos = options.qos
    this.#payload = options.payload
    this.#check = options.check
    this.#tally = options.tally
    this.#delivered = options.delivered
  }

  override frame(buffer: Buffer, first: number, start: number, end: number): void {
    const type = first >> 4
    if (type === PacketType.PUBLISH) this.#publish(buffer, first, start, end)
    else if (type === PacketType.PUBREL) {
      this.acknowledge(PacketType.PUBCOMP, (buffer[start] << 8) | buffer[start + 1])
    } else super.frame(buffer, first, start, end)
  }

  #publish(buffer: Buffer, first: number, start: number, end: number): void {
    const qos = (first >> 1) & 3
    if (qos > 0) {
      const at = start + 2 + ((buffer[start] << 8) | buffer[start + 1])
      this.acknowledge(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, (buffer[at] << 8) | buffer[at + 1])
    }
    // The payload's size is known, so that neither topic nor properties have to be read to find it.
    const payload = end - this.#payload
    if (qos !== this.#qos || payload < start || !isSealed(buffer, payload, end)) {
      this.#tally.wrong++
      return
    }
    const publisher = publisherOf(buffer, payload)
    if (this.#check.accept(publisher, sequenceOf(buffer, payload))) this.#delivered(publisher)
  }
}
