import { LoadClient } from '../../load/client.ts'
import type { Tally } from '../../load/sequence.ts'
import { Sequence } from '../../load/sequence.ts'
import type { Target } from '../../load/wire.ts'
import type { Qos } from '../../mqtt/encode.ts'
import { PacketType, publish } from '../../mqtt/encode.ts'
import { isSealed, publisherOf, sequenceOf, stamp } from '../../mqtt/payload.ts'
import type { Ports } from './broker.ts'
import { RECEIVE_MAXIMUM } from './configuration.ts'

const PAYLOAD = 64
/** Few, because the broker keeps a bit for each up to the highest of QoS 2; more than are ever under way. */
const IDENTIFIERS = 100
/** Where the payload has the instant at which it was sent, behind its stamp. */
const TIME = 6
/** Every so many pairs go over WebSocket. */
const PAGES = 5

/** What the two of a pair have in common. */
export interface Place {
  readonly index: number
  readonly target: Target
  readonly qos: Qos
  readonly topic: string
}

export function placeOf(index: number, { house, pages }: Ports): Place {
  const overPages = index % PAGES === PAGES - 1
  const target: Target = {
    port: overPages ? pages : house,
    transport: overPages ? 'ws' : 'tcp',
    version: index % 2 === 0 ? 4 : 5,
  }
  return { index, target, qos: (index % 3) as Qos, topic: `good/${index}` }
}

export class Sender extends LoadClient {
  #sent = 0
  #acknowledged = 0
  /** When messages were due that have to wait, because as many as may be are under way. */
  readonly #waiting: number[] = []
  readonly #place: Place
  readonly #onLost: () => void

  constructor(place: Place, onLost: () => void) {
    super(place.target, `good-sender-${place.index}`)
    this.#place = place
    this.#onLost = onLost
  }

  /** Messages so far, those that wait too. */
  get published(): number {
    return this.#sent + this.#waiting.length
  }

  get isSettled(): boolean {
    return this.#waiting.length === 0 && (this.#place.qos === 0 || this.#acknowledged >= this.#sent)
  }

  /** The next message is due: what it waits here counts as latency, too. */
  publishNext(): void {
    this.#waiting.push(performance.now())
    this.#sendOn()
  }

  override frame(buffer: Buffer, first: number, start: number, end: number): void {
    const type = first >> 4
    if (type === PacketType.PUBACK || type === PacketType.PUBCOMP) {
      this.#acknowledged++
      this.#sendOn()
    } else if (type === PacketType.PUBREC)
      this.acknowledge(PacketType.PUBREL, (buffer[start] << 8) | buffer[start + 1])
    else super.frame(buffer, first, start, end)
  }

  #sendOn(): void {
    const { index, topic, qos, target } = this.#place
    while (this.#waiting.length > 0 && (qos === 0 || this.#sent - this.#acknowledged < RECEIVE_MAXIMUM)) {
      const payload = Buffer.alloc(PAYLOAD)
      const packetId = (this.#sent % IDENTIFIERS) + 1
      stamp(payload, 0, PAYLOAD, index, this.#sent++)
      payload.writeDoubleLE(this.#waiting.shift() ?? 0, TIME)
      this.send(publish({ topic, payload, qos, packetId, version: target.version }))
    }
  }

  protected override lost(): void {
    this.#onLost()
  }
}

export interface ReceiverOptions {
  readonly place: Place
  readonly tally: Tally
  /** Told when each message was sent that had not come before. */
  readonly onMessage: (sentAt: number) => void
  readonly onLost: () => void
}

export class Receiver extends LoadClient {
  received = 0
  readonly #options: ReceiverOptions
  readonly #sequence: Sequence

  constructor(options: ReceiverOptions) {
    const { place, tally } = options
    super(place.target, `good-receiver-${place.index}`)
    this.#options = options
    this.#sequence = new Sequence(tally, place.index, 1)
  }

  async listen(): Promise<void> {
    const { topic, qos } = this.#options.place
    await this.subscribe([topic], qos)
  }

  /** Counts as lost what has not come of so many. */
  settle(sent: number): void {
    this.#sequence.settle(() => sent)
  }

  override frame(buffer: Buffer, first: number, start: number, end: number): void {
    const type = first >> 4
    if (type === PacketType.PUBLISH) this.#publish(buffer, first, start, end)
    else if (type === PacketType.PUBREL)
      this.acknowledge(PacketType.PUBCOMP, (buffer[start] << 8) | buffer[start + 1])
    else super.frame(buffer, first, start, end)
  }

  protected override lost(): void {
    this.#options.onLost()
  }

  #publish(buffer: Buffer, first: number, start: number, end: number): void {
    const { place, tally, onMessage } = this.#options
    const qos = (first >> 1) & 3
    if (qos > 0) {
      const at = start + 2 + ((buffer[start] << 8) | buffer[start + 1])
      this.acknowledge(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, (buffer[at] << 8) | buffer[at + 1])
    }
    const payload = end - PAYLOAD
    if (qos !== place.qos || payload < start || !isSealed(buffer, payload, end)) tally.wrong++
    else if (this.#sequence.accept(publisherOf(buffer, payload), sequenceOf(buffer, payload))) {
      this.received++
      onMessage(buffer.readDoubleLE(payload + TIME))
    }
  }
}
