/** What a client is sent: packets become bytes here, and go into its outbox. */
import type { Duplex } from 'node:stream'
import type { SentPacket, Traffic } from '../contract/index.ts'
import type {
  AckType,
  ClientSettings,
  ConnackPacket,
  Extras,
  Layout,
  OutgoingPacket,
  ProtocolVersion,
  Publish,
  QoS,
} from '../packets/index.ts'
import { ACK_HEADER, DEFAULT_SETTINGS, encodePacket, ReasonCode, spliceExtras } from '../packets/index.ts'
import { bounded } from '../time/index.ts'
import type { ConnectionHost } from './host.ts'
import { Outbox } from './outbox.ts'
import type { Owner } from './outbox-owner.ts'
import { Taps } from './taps.ts'

/** QoS 0 to a client is dropped when so many times the high-water mark is pending. */
const QOS_0_ROOM = 4

/** The part of a client that writes. Public members are documented with the interface `Client`. */
export abstract class ClientOutput implements Owner {
  readonly stack: ConnectionHost
  readonly stream: Duplex
  closed = false
  protocolVersion: ProtocolVersion = 4
  settings: ClientSettings = DEFAULT_SETTINGS
  /** What its CONNACK said besides (5.0): `undefined` until it was written, and for older versions. */
  connack: ConnackPacket['properties'] = undefined
  packetsOut = 0
  /** What of them the traffic of all has. */
  #counted = 0
  protected readonly outbox: Outbox
  /** Those who look on at what is written. */
  #taps: Taps | undefined
  #drainListeners: (() => void)[] | undefined

  constructor(stack: ConnectionHost, stream: Duplex) {
    this.stack = stack
    this.stream = stream
    this.outbox = new Outbox(stream, stack.turn, this, stack.ledger)
  }

  abstract close(reasonCode?: ReasonCode): void
  /** The stream has taken something. */
  abstract handleTaken(): void
  /** The stream could not take a write at once. */
  abstract handleUntaken(): void

  get pending(): number {
    return this.outbox.pending
  }

  get congested(): boolean {
    return this.exceeds(this.stack.config.highWater)
  }

  /**
   * Far above `highWater`, because QoS 0 cannot wait anywhere else. How much a client has taken of one large write cannot
   * be seen, so a client that reads at full speed can have twice as much pending as is really on its way.
   */
  get full(): boolean {
    return this.exceeds(QOS_0_ROOM * this.stack.config.highWater)
  }

  /** Whether more than so many bytes are pending; while outboxes hold much in all, fewer bytes are enough. */
  protected exceeds(bytes: number): boolean {
    const { pending } = this.outbox
    if (pending === 0) return false
    if (pending > bytes) return true
    const allowed = this.stack.ledger.allowance(bytes)
    return allowed < bytes && this.outbox.untaken > allowed
  }

  drained(): Promise<void> {
    if (this.closed || !this.congested) return Promise.resolve()
    // A client that takes nothing is closed.
    return bounded(
      new Promise((resolve) => {
        this.#drainListeners ??= []
        this.#drainListeners.push(resolve)
      }),
    )
  }

  get bytesOut(): number {
    return this.outbox.written
  }

  get progress(): number {
    return this.outbox.progress
  }

  write(packet: OutgoingPacket): void {
    if (!this.tryWrite(packet)) this.close(ReasonCode.PACKET_TOO_LARGE)
  }

  tryWrite(packet: OutgoingPacket): boolean {
    if (this.closed) return true
    const bytes = encodePacket(packet, this.protocolVersion, this.settings)
    if (bytes === undefined) return false
    this.packetsOut++
    this.stack.traffic.went.count(bytes[0], bytes.length)
    if (packet.cmd === 'connack') this.connack = packet.properties
    this.#taps?.show(packet)
    this.outbox.bytes(bytes)
    return true
  }

  publish(packet: Publish, qos: QoS, retain: boolean, dup: boolean, id: number, extras?: Extras): boolean {
    if (this.closed) return true
    const v5 = this.protocolVersion === 5
    const header = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
    const layout = packet.layout(v5, qos > 0)
    if (extras !== undefined && v5) {
      if (!this.#publishWith(packet, layout, header, id, extras)) return false
      this.#taps?.show({ cmd: 'publish', packet, qos, retain, dup, packetId: id })
      return true
    }
    if (layout.length > this.settings.maximumPacketSize) return false
    this.packetsOut++
    this.stack.traffic.went.countPublish(header, layout.length)
    if (packet === this.stack.traffic.watched) this.stack.traffic.onWatched()
    this.#taps?.show({ cmd: 'publish', packet, qos, retain, dup, packetId: id })
    this.outbox.publish(layout, header, id)
    return true
  }

  takes(packet: Publish, qos: QoS): boolean {
    const { maximumPacketSize } = this.settings
    if (maximumPacketSize === Number.POSITIVE_INFINITY) return true
    return packet.layout(this.protocolVersion === 5, qos > 0).length <= maximumPacketSize
  }

  ack(type: AckType, id: number, reasonCode: ReasonCode = 0): void {
    if (this.closed) return
    this.packetsOut++
    const plain = reasonCode === 0 || this.protocolVersion < 5
    this.stack.traffic.went.count(ACK_HEADER[type], plain ? 4 : 5)
    this.#taps?.show({ cmd: type, packetId: id, reasonCode })
    if (plain) this.outbox.ack(ACK_HEADER[type], id)
    else this.outbox.bytes(Uint8Array.of(ACK_HEADER[type], 3, id >> 8, id & 0xff, reasonCode))
  }

  tap(listener: (sent: SentPacket) => void): () => void {
    this.#taps ??= new Taps((error) => this.stack.fail(error, undefined, undefined))
    const end = this.#taps.add(listener)
    return () => {
      end()
      if (this.#taps?.isEmpty === true) this.#taps = undefined
    }
  }

  #publishWith(packet: Publish, layout: Layout, header: number, id: number, extras: Extras): boolean {
    const { head, payload } = spliceExtras(layout, header, id, extras)
    if (head.length + payload.length > this.settings.maximumPacketSize) return false
    this.packetsOut++
    this.stack.traffic.went.countPublish(header, head.length + payload.length)
    if (packet === this.stack.traffic.watched) this.stack.traffic.onWatched()
    this.outbox.bytes(head)
    this.outbox.bytes(payload)
    return true
  }

  /** Internal: what its outbox held goes. Of many packets one call. */
  handleWritten(bytes: number): void {
    const { went } = this.stack.traffic
    went.bytes += bytes
    this.#countSent(went)
  }

  /** Nothing is written any more. */
  protected countLast(): void {
    this.#countSent(this.stack.traffic.went)
  }

  #countSent(went: Traffic['went']): void {
    went.packets += this.packetsOut - this.#counted
    this.#counted = this.packetsOut
  }

  /** Resolves those who wait in {@link drained}, once the client is not congested any more. */
  protected resolveWhenDrained(): void {
    if (this.#drainListeners !== undefined && !this.congested) this.resolveDrained()
  }

  /** Resolves those who wait in {@link drained}. */
  protected resolveDrained(): void {
    const listeners = this.#drainListeners ?? []
    this.#drainListeners = undefined
    for (const listener of listeners) listener()
  }
}
