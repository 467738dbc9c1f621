/** One connection: packets in, one at a time and in order; packets out, one write a turn. */
import type { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import type { Packet as PlainPacket } from 'mqtt-packet'
import { generate } from 'mqtt-packet'
import type { AckType } from './ack.ts'
import { ACK_HEADER } from './ack.ts'
import { Inbox } from './codec/inbox.ts'
import { Outbox } from './outbox.ts'
import type { Packet, Packets, ProtocolVersion, QoS } from './packets.ts'
import type { Publish } from './publish.ts'
import type { ReasonCode } from './reason-codes.ts'
import { returnCodeOf } from './reason-codes.ts'
import { Session } from './session.ts'
import type { SlotHost } from './slot.ts'
import type { Stack } from './stack.ts'

/** Where a connection came in. */
export interface Listener {
  /** `tcp`, `tls`, `ws`, `wss`, `unix`, `memory`, or a name of the user's own. */
  readonly transport: string
  /** Only this machine can reach it: loopback, a Unix socket, memory. */
  readonly local: boolean
  /** Address of the other side, where there is one. */
  readonly remote?: string
}

/** A packet that the broker may send: what mqtt-packet can generate. */
export type OutgoingPacket = Exclude<
  Packets[keyof Packets],
  Publish | Packets['puback' | 'pubrec' | 'pubrel' | 'pubcomp']
>

/** Bytes that may wait behind a handler that has not answered, before the stream is paused. */
const PAUSE_AT = 65_536
/** Milliseconds that a closed connection may take to read our last words. */
const LINGER = 2_000

export class Client implements SlotHost {
  readonly slots: unknown[] = []
  readonly stack: Stack
  readonly stream: Duplex
  readonly listener: Listener
  /** Never undefined: a connection without session-manager has one that ends with it. */
  session: Session = new Session()
  /** From the CONNECT; 4 before it came. */
  protocolVersion: ProtocolVersion = 4
  /** CONNECT was accepted. */
  connected = false
  /** No packet comes or goes any more. */
  closed = false
  /** Why it was closed, where somebody said so. */
  reasonCode: ReasonCode | undefined = undefined
  /** When bytes came last, by the stack's clock (ms). */
  receivedAt: number
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  /** A handler has not answered yet. */
  #busy = false
  #pumping = false
  #paused = false
  /** Reading waits until the other side has taken what it was sent. */
  #flooded = false
  /** The other side will send no more. */
  #ended = false
  #finished = false
  #cause: Error | undefined
  #drainListeners: (() => void)[] = []
  #closeListeners: ((cause: Error | undefined) => void)[] = []
  #diverted: ((packet: Packet) => void) | undefined

  /** Made by the stack, which reads from the stream once every middleware has installed itself. */
  constructor(stack: Stack, stream: Duplex, listener: Listener) {
    this.stack = stack
    this.stream = stream
    this.listener = listener
    this.receivedAt = stack.clock.now()
    this.#inbox = new Inbox(stack.config.connectLimit)
    this.#outbox = new Outbox(stream, stack.turn, this.#taken)
    this.session.client = this
    stream.on('error', this.#onError)
    stream.on('close', this.#onEnd)
    stream.on('end', this.#onEnd)
  }

  /** Client identifier; empty before CONNECT. */
  get id(): string {
    return this.session.clientId
  }

  /** Bytes that the other side has not taken. */
  get pending(): number {
    return this.#outbox.pending
  }

  /** Above the outbox's high-water mark: QoS 0 is not worth queueing, QoS 1 and 2 must wait. */
  get congested(): boolean {
    if (this.#outbox.pending <= this.stack.config.highWater) return false
    this.stack.watch(this)
    return true
  }

  /** Resolves once the client is not congested any more, or is closed. */
  drained(): Promise<void> {
    if (this.closed || !this.congested) return Promise.resolve()
    return new Promise((resolve) => this.#drainListeners.push(resolve))
  }

  /** How often the stream has taken something: a client that does not read makes no progress. */
  get progress(): number {
    return this.#outbox.progress
  }

  /** Milliseconds without a byte; none while it is us who do not read. */
  silentFor(now: number): number {
    return this.#paused || this.#busy || this.#flooded ? 0 : now - this.receivedAt
  }

  /** Starts reading; called by the stack. */
  read(): void {
    this.stream.on('data', this.#onData)
  }

  /** CONNECT is accepted: larger packets may come. */
  accept(): void {
    this.connected = true
    this.#inbox.limit = this.stack.config.packetLimit
  }

  /** Sends a packet; PUBLISH and acknowledgements have ways of their own. */
  write(packet: OutgoingPacket): void {
    if (this.closed) return
    this.#outbox.bytes(generate(packet as PlainPacket, { protocolVersion: this.protocolVersion }))
  }

  /** Sends a message. `id` is the packet identifier, 0 for QoS 0. */
  publish(packet: Publish, qos: QoS, retain: boolean, dup: boolean, id: number): void {
    if (this.closed) return
    const header = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
    this.#outbox.publish(packet.layout(this.protocolVersion === 5, qos > 0), header, id)
  }

  /** Sends an acknowledgement. */
  ack(type: AckType, id: number): void {
    if (!this.closed) this.#outbox.ack(ACK_HEADER[type], id)
  }

  /** Packets go to `handler` alone from now on, past all middlewares. Only from `install`. */
  divert(handler: (packet: Packet) => void): void {
    this.#diverted = handler
  }

  /** Whether somebody took this client away from the middlewares. */
  get diverted(): boolean {
    return this.#diverted !== undefined
  }

  /** Calls `listener` once, when the connection is over and its last packet has been handled. */
  onClose(listener: (cause: Error | undefined) => void): void {
    if (this.#finished) this.#tellClose(listener)
    else this.#closeListeners.push(listener)
  }

  /**
   * Ends the connection after what was written: CONNACK before acceptance, where the version has a code for the
   * reason. What was received and not handled is forgotten.
   */
  close(reasonCode?: ReasonCode, cause?: Error): void {
    if (this.closed) return
    this.#cause ??= cause
    this.reasonCode = reasonCode
    if (!this.connected && reasonCode !== undefined) this.#refuse(reasonCode)
    this.closed = true
    this.#inbox.clear()
    this.#outbox.flush()
    this.#hangUp()
    if (!this.#pumping && !this.#busy) this.#finish()
  }

  /** Gives up on a handler that does not answer although the connection is gone. */
  abandon(): void {
    this.close()
    this.#finish()
  }

  #refuse(reasonCode: ReasonCode): void {
    const returnCode = returnCodeOf(reasonCode)
    if (returnCode !== undefined) this.write({ cmd: 'connack', sessionPresent: false, returnCode })
  }

  #hangUp(): void {
    const { stream } = this
    if (stream.destroyed) return
    stream.end()
    // Whoever does not hang up in return is cut off; until then its bytes are read and dropped, so that ours arrive.
    stream.resume()
    const timer = this.stack.clock.after(LINGER, () => stream.destroy())
    stream.once('close', () => timer.cancel())
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.closed) return
    this.receivedAt = this.stack.clock.now()
    this.#inbox.push(chunk)
    this.#pump()
    if ((this.#busy || this.#flooded) && !this.#paused && this.#inbox.backlog >= PAUSE_AT) {
      this.#paused = true
      this.stream.pause()
    }
  }

  readonly #onError = (error: Error): void => {
    this.#cause ??= error
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    if (!this.#busy && !this.#pumping) this.#pump()
  }

  readonly #taken = (): void => {
    if (this.#drainListeners.length > 0 && this.#outbox.pending <= this.stack.config.highWater)
      this.#drained()
    if (!this.#flooded || this.#outbox.pending > 2 * this.stack.config.highWater) return
    this.#flooded = false
    this.#pump()
  }

  /** Handles packets until one must wait. Iterative: packets that are answered at once never deepen the stack. */
  #pump(): void {
    if (this.#pumping || this.#busy) return
    this.#pumping = true
    while (!this.closed && !this.#busy) {
      if (this.#outbox.pending > 2 * this.stack.config.highWater && !this.#ended) {
        this.#flooded = true
        this.stack.watch(this)
        break
      }
      if (!this.#step()) break
    }
    this.#pumping = false
    if (this.#busy) return
    if (this.closed) this.#finish()
    else if (this.#ended) this.close(undefined, this.#cause)
    else if (this.#paused && !this.#flooded) this.#resume()
  }

  /** Handles one packet; false when there is none. */
  #step(): boolean {
    let packet: Packet | undefined
    try {
      if (!this.#inbox.advance()) return false
      packet = this.stack.decoder.decode(this.#inbox, this.protocolVersion)
      if (packet.cmd === 'connect' && this.#inbox.awaitsConnect) {
        this.#inbox.awaitsConnect = false
        this.protocolVersion = packet.protocolVersion ?? 4
      }
      if (this.#diverted !== undefined) {
        this.#diverted(packet)
        return true
      }
      const later = this.stack.dispatch(this, packet)
      if (later !== undefined) this.#wait(later, packet)
    } catch (error) {
      this.stack.fail(error as Error, this, packet)
      // Behind bytes that could not be read there is nothing that could be.
      if (packet === undefined) this.close()
    }
    return true
  }

  #wait(later: Promise<void>, packet: Packet): void {
    this.#busy = true
    const answered = (): void => {
      this.#busy = false
      this.#pump()
    }
    later.then(answered, (error: Error) => {
      this.stack.fail(error, this, packet)
      answered()
    })
  }

  #resume(): void {
    this.#paused = false
    this.receivedAt = this.stack.clock.now()
    this.stream.resume()
  }

  #drained(): void {
    const listeners = this.#drainListeners
    this.#drainListeners = []
    for (const listener of listeners) listener()
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#drained()
    this.stack.forget(this)
    const listeners = this.#closeListeners
    this.#closeListeners = []
    for (const listener of listeners) this.#tellClose(listener)
  }

  /** One who fails keeps nobody from being told. */
  #tellClose(listener: (cause: Error | undefined) => void): void {
    try {
      listener(this.#cause)
    } catch (error) {
      this.stack.fail(error as Error, this, undefined)
    }
  }
}
