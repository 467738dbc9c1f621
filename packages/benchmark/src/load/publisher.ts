import type { Qos } from '../mqtt/encode.ts'
import { PacketType, publish } from '../mqtt/encode.ts'
import { stamp } from '../mqtt/payload.ts'
import { LoadClient } from './client.ts'
import type { Target } from './wire.ts'
import { envelope } from './wire.ts'

export interface PublisherOptions {
  readonly target: Target
  readonly id: string
  readonly index: number
  readonly topic: string
  readonly qos: Qos
  readonly payload: number
  readonly properties?: Uint8Array
  /** Messages a write. */
  readonly batch: number
  /** Most messages published and not yet delivered and acknowledged. */
  readonly window: number
  /** Deliveries that each message makes. */
  readonly fan: number
  readonly acknowledged: (publisher: Publisher) => void
}

/**
 * Writes prepared batches. Only sequence numbers and packet identifiers are filled in, and a batch is used
 * again only when the window shows that the socket is done with it.
 */
export class Publisher extends LoadClient {
  readonly index: number
  sent = 0
  /** Deliveries so far, to all subscribers together. */
  delivered = 0
  acked = 0
  // Fields of its own: these are read for each message, and what a spread made is slow to read from.
  readonly #qos: Qos
  readonly #payload: number
  readonly #batch: number
  readonly #window: number
  readonly #fan: number
  readonly #acknowledged: (publisher: Publisher) => void
  readonly #batches: Buffer[]
  readonly #size: number
  readonly #envelope: number
  readonly #idOffset: number
  #turn = 0

  constructor(options: PublisherOptions) {
    super(options.target, options.id)
    this.index = options.index
    const { target, topic, qos, payload, batch, window, fan, acknowledged } = options
    this.#qos = qos
    this.#payload = payload
    this.#batch = batch
    this.#window = window
    this.#fan = fan
    this.#acknowledged = acknowledged
    const message = publish({
      topic,
      qos,
      payload: Buffer.alloc(payload, 0x2e),
      version: target.version,
      properties: options.properties,
    })
    this.#size = message.length
    this.#idOffset = bodyStart(message) + 2 + Buffer.byteLength(topic)
    const bare = Buffer.concat(Array.from({ length: batch }, () => message))
    const ready = envelope(target.transport, bare)
    this.#envelope = ready.length - bare.length
    this.#batches = Array.from({ length: Math.ceil(window / batch) + 1 }, () => Buffer.from(ready))
  }

  /** Whether another batch stays within this publisher's own window. */
  hasRoom(): boolean {
    const done = this.sent + this.#batch - this.#window
    return this.delivered >= done * this.#fan && (this.#qos === 0 || this.acked >= done)
  }

  isSettled(): boolean {
    return this.delivered >= this.sent * this.#fan && (this.#qos === 0 || this.acked >= this.sent)
  }

  writeBatch(): void {
    const bytes = this.#batches[this.#turn]
    this.#turn = (this.#turn + 1) % this.#batches.length
    for (let i = 0, at = this.#envelope; i < this.#batch; i++, at += this.#size) {
      const end = at + this.#size
      stamp(bytes, end - this.#payload, end, this.index, this.sent)
      if (this.#qos > 0) {
        const id = (this.sent % 65535) + 1
        bytes[at + this.#idOffset] = id >> 8
        bytes[at + this.#idOffset + 1] = id
      }
      this.sent++
    }
    this.write(bytes)
  }

  override frame(buffer: Buffer, first: number, start: number, end: number): void {
    const type = first >> 4
    if (type === PacketType.PUBACK || type === PacketType.PUBCOMP) {
      this.acked++
      this.#acknowledged(this)
    } else if (type === PacketType.PUBREC) {
      this.acknowledge(PacketType.PUBREL, (buffer[start] << 8) | buffer[start + 1])
    } else super.frame(buffer, first, start, end)
  }
}

function bodyStart(message: Buffer): number {
  let at = 1
  while (message[at++] > 127);
  return at
}
