/** One connection: packets in, one at a time and in order; packets out, one write a turn. */
import type { Buffer } from 'node:buffer'
import type { Duplex } from 'node:stream'
import type { Listener } from '../contract/index.ts'
import type { Seat } from '../memory/index.ts'
import type { ConnectPacket, Packet, PacketType, Source } from '../packets/index.ts'
import {
  Inbox,
  isProtocolError,
  ProtocolError,
  ReasonCode,
  settingsOf,
  TopicAliases,
} from '../packets/index.ts'
import { ClientEnd } from './client-end.ts'
import { fill } from './filling.ts'
import type { ConnectionHost } from './host.ts'
import { InboxAccount } from './inbox-account.ts'
import type { StreamListener } from './stream-events.ts'
import { listenTo, readFrom } from './stream-events.ts'
import { unexpected } from './unexpected.ts'

/** Bytes that may wait behind a handler that has not answered, before the stream is paused; less while memory is short. */
const PAUSE_AT = 65_536
/** Bytes of unfinished packets that a connection may hold without being counted. */
const UNCOUNTED = 4_096
/** An unfinished packet of so many bytes is read in turns: a chunk, then others. */
const LARGE = 32_768
/** Packet types, as the fixed header has them. */
const PUBCOMP = 7
const DISCONNECT = 14
/** The first byte of a PINGREQ. */
const PINGREQ = 0xc0
/** So many PUBLISHes and acknowledgements are handled before a look at the clock; one is due behind any other packet. */
const PACKETS_A_LOOK = 32
/** The clock is also looked at after so many steps of work that packets cause; see `Pace.steps`. */
const STEPS_A_LOOK = 256

/** A connection as core sees it: what it reads. Public members are documented with the interface `Client`. */
export class ClientConnection extends ClientEnd implements Source, StreamListener {
  /** Internal: among all connections of the stack. */
  seat: Seat<ClientConnection> | undefined = undefined
  /** Internal: what came and is not handled. */
  readonly inbox: Inbox
  #aliases: TopicAliases | undefined
  /** The next packet waits: a handler has not answered yet, or others have their turn. */
  #busy = false
  #pumping = false
  /** The last packets caused many steps: the clock is looked at before the next packet. */
  #costly = false
  /** Made when much is held of packets that are not complete or not handled. */
  #inboxAccount: InboxAccount | undefined
  #paused = false
  /** Bytes of filling that come before what the client sent. */
  #filling = 0
  /** Nothing is read until the other side has taken what it was sent. */
  #flooded = false
  #expected: readonly PacketType[] | undefined
  #diverted: ((packet: Packet) => void) | undefined

  /** Made by the stack, which reads from the stream once every middleware has installed itself. */
  constructor(stack: ConnectionHost, stream: Duplex, listener: Listener) {
    super(stack, stream, listener)
    this.inbox = new Inbox(stack.config.connectLimit)
    listenTo(stream, this)
  }

  /** Internal: the topic aliases that the client set (5.0). */
  get aliases(): TopicAliases {
    this.#aliases ??= new TopicAliases(this.stack.config.topicAliases, () =>
      this.stack.ledger.accountOf(this),
    )
    return this.#aliases
  }

  get backlog(): number {
    return this.inbox.backlog
  }

  get packetsIn(): number {
    return this.inbox.frames
  }

  silentFor(now: number): number {
    return this.#paused || this.#busy || this.#flooded ? 0 : now - this.receivedAt
  }

  get reading(): boolean {
    return !this.#paused && !this.#busy && !this.#flooded
  }

  /** Starts reading; called by the stack. */
  read(): void {
    readFrom(this.stream)
  }

  accept(): void {
    this.connected = true
    // The time that we took to accept it does not count as silence of the client.
    this.receivedAt = this.stack.clock.now()
    this.connectedAt = this.receivedAt
    this.inbox.limit = this.stack.config.packetLimit
  }

  expect(types: readonly PacketType[] | undefined): void {
    this.#expected = types
  }

  divert(handler: (packet: Packet) => void): void {
    this.#diverted = handler
  }

  get diverted(): boolean {
    return this.#diverted !== undefined
  }

  protected get isHandling(): boolean {
    return this.#pumping || this.#busy
  }

  protected dropInput(): void {
    this.inbox.clear()
    this.#keep(0)
  }

  /** Internal: the other side will send no more. */
  handleEnd(): void {
    this.ended = true
    if (!this.#busy && !this.#pumping) this.#pump(0)
  }

  /** Internal: the stream is closed; what it held is gone. */
  handleClose(): void {
    this.outbox.forget()
    this.handleEnd()
  }

  /** Internal: bytes came. */
  receive(chunk: Buffer): void {
    if (this.closed) return
    if (this.#filling > 0) {
      const filling = Math.min(this.#filling, chunk.length)
      this.#filling -= filling
      if (filling < chunk.length) this.receive(chunk.subarray(filling))
      return
    }
    this.receivedAt = this.stack.clock.now()
    this.bytesIn += chunk.length
    const { pace, traffic } = this.stack
    traffic.came.bytes += chunk.length
    pace.enter(this.receivedAt)
    this.inbox.push(chunk)
    // While others rest whoever comes now stands behind them, once the turn's time is used up; a ping costs nothing.
    const looks = this.#costly || (pace.crowded && chunk[0] !== PINGREQ)
    this.#pump(looks ? 0 : PACKETS_A_LOOK)
    const { kept } = this.inbox
    if (kept > UNCOUNTED) this.#keep(kept)
    if (this.closed) return
    // Large packets are read in turns too.
    if (this.inbox.have >= LARGE && !this.#busy && pace.haveRead(chunk.length)) {
      this.#wait(pace.restReading(), undefined)
      this.#pause()
      if (this.#filling === 0) this.#filling = fill(this.stream)
    }
    const waits = (this.#busy || this.#flooded) && !this.#paused
    if (waits && this.inbox.backlog >= this.stack.ledger.allowance(PAUSE_AT)) this.#pause()
  }

  #pause(): void {
    this.#paused = true
    this.stream.pause()
  }

  /** Internal: the stream could not take a write at once. */
  handleUntaken(): void {
    if (this.congested) this.stack.watch(this)
  }

  /** Internal: the stream has taken something. */
  handleTaken(): void {
    this.resolveWhenDrained()
    if (!this.#flooded || this.exceeds(2 * this.stack.config.highWater)) return
    this.#flooded = false
    this.#pump(0)
  }

  /**
   * Handles packets until one must wait, or until others have their turn. Iterative: packets that are answered at once
   * never deepen the stack.
   * @param unlooked What may be handled before the next look at the clock.
   */
  #pump(unlooked: number): void {
    if (this.#pumping || this.#busy) return
    this.#pumping = true
    const { pace, traffic } = this.stack
    const before = this.inbox.frames
    let left = unlooked
    while (!this.closed && !this.#busy) {
      if (!this.ended && this.exceeds(2 * this.stack.config.highWater)) {
        this.#flooded = true
        this.stack.watch(this)
        break
      }
      if (left <= 0 || pace.steps >= STEPS_A_LOOK) {
        left = PACKETS_A_LOOK
        this.#costly = pace.steps >= STEPS_A_LOOK
        if (this.inbox.backlog > 0 && pace.spent) {
          this.#wait(pace.rest(), undefined)
          break
        }
      }
      const weight = this.#step()
      if (weight === 0) break
      left -= weight
    }
    this.#pumping = false
    traffic.came.packets += this.inbox.frames - before
    if (this.#inboxAccount?.holds === true) this.#keep(this.inbox.kept)
    if (this.#busy) return
    if (this.closed) this.finish()
    else if (this.ended) this.close()
    else if (this.#paused && !this.#flooded) this.#resume()
  }

  /** Handles one packet. Answers what it counts towards a look at the clock; 0 when there is none. */
  #step(): number {
    let packet: Packet | undefined
    try {
      if (!this.inbox.advance()) return 0
      if (this.inbox.awaitsConnect) this.asked = true
      const header = this.inbox.bytes[this.inbox.start]
      const type = header >> 4
      this.stack.traffic.came.count(header, this.inbox.end - this.inbox.start)
      packet = this.stack.decoder.decode(this)
      if (this.inbox.awaitsConnect) {
        this.inbox.awaitsConnect = false
        this.settings = settingsOf(packet as ConnectPacket)
        this.username = (packet as ConnectPacket).username
      }
      if (this.#expected?.includes(packet.cmd) === false) throw unexpected(packet, this.#expected)
      if (type === DISCONNECT) this.goodbye = true
      if (this.#diverted !== undefined) {
        this.#diverted(packet)
      } else {
        const later = this.stack.dispatch(this, packet, type)
        if (later !== undefined) this.#wait(later, packet)
      }
      return type > PUBCOMP ? PACKETS_A_LOOK : 1
    } catch (error) {
      this.#fail(error as Error, packet)
      return PACKETS_A_LOOK
    }
  }

  /** Whatever the errorHandler does, nobody goes on behind what could not be read or broke the protocol. */
  #fail(error: Error, packet: Packet | undefined): void {
    this.stack.fail(error, this, packet)
    const reasonCode = isProtocolError(error) ? error.reasonCode : undefined
    if (packet === undefined || reasonCode !== undefined) this.close(reasonCode, { cause: error })
  }

  #wait(later: Promise<void>, packet: Packet | undefined): void {
    this.#busy = true
    const answered = (): void => {
      this.#busy = false
      this.#pump(0)
    }
    later.then(answered, (error: Error) => {
      this.#fail(error, packet)
      answered()
    })
  }

  /** Counts what is held of packets that are not complete or not handled; what does not fit ends the connection. */
  #keep(kept: number): void {
    const unfinished = this.inbox.have
    if (unfinished > UNCOUNTED) this.stack.watchPacket(this)
    if (kept <= UNCOUNTED && this.#inboxAccount === undefined) return
    this.#inboxAccount ??= new InboxAccount(this)
    const bytes = kept > UNCOUNTED ? kept : 0
    if (this.#inboxAccount.count(bytes, unfinished > 0)) return
    const message = `no memory for ${bytes} bytes of packets that are not complete`
    this.#fail(new ProtocolError('QUOTA_EXCEEDED', ReasonCode.QUOTA_EXCEEDED, message), undefined)
  }

  #resume(): void {
    this.#paused = false
    this.receivedAt = this.stack.clock.now()
    this.stream.resume()
  }

  protected forget(): void {
    this.countLast()
    this.#aliases?.clear()
    this.resolveDrained()
    this.stack.forget(this)
  }
}
