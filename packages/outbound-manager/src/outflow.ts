import type {
  AckType,
  Client,
  DropReason,
  ForwardContext,
  Stack,
  Steps,
  StoredMessage,
  WaitingMessage,
} from '@mqtt-stack/core'
import { packetIdOf, proceed } from '@mqtt-stack/core'
import type { DeliveryOwner } from './deliveries.ts'
import { Deliveries } from './deliveries.ts'
import { DrainListeners } from './drain-listeners.ts'
import { handOn } from './hand-on.ts'
import { Inflight } from './inflight.ts'
import type { Outgoing, Sender } from './sender.ts'
import type { Sent } from './sent.ts'
import { sent } from './sent.ts'
import { toWait } from './to-wait.ts'
import { Unwanted } from './unwanted.ts'
import type { FlowLimits } from './waiting-queue.ts'
import { WaitingQueue } from './waiting-queue.ts'
import { Window } from './window.ts'

/** Messages that are read from the log at a time. */
const PAGE = 100
/** Bytes of them that are sent in a turn: a write of so many takes a fraction of a millisecond. */
const PIECE = 65_536

/**
 * What is on its way to one client: the window, and what waits behind it in the queue or in the session's log.
 *
 * A session with a log is *behind* while its log holds what was not sent on this connection. Then nothing is sent but
 * what is read from the log, in its order; it stops being behind when the log's end was read.
 */
export class Outflow implements DeliveryOwner {
  readonly #stack: Stack
  readonly #client: Client
  readonly #limits: FlowLimits
  /** Made when the first message has to wait. */
  #queue: WaitingQueue | undefined
  readonly #deliveries: Deliveries
  readonly #window: Window
  /** Sequence of the last message of the log that was sent on this connection. */
  #position = 0
  /** Set once the log is read from. */
  #sent: Sent | undefined
  #behind = false
  #reading = false
  /** What is purged while the log is being read. */
  readonly #unwanted = new Unwanted()
  /** Messages came for the log while it was being read. */
  #missed = false
  #scheduled = false
  #draining = false
  #drainListeners: DrainListeners | undefined

  constructor(stack: Stack, client: Client, window: number, limits: FlowLimits, sender: Sender) {
    this.#stack = stack
    this.#client = client
    this.#limits = limits
    this.#window = new Window(window, limits.inflightBytes)
    this.#deliveries = new Deliveries(stack, client, this.#window, sender, this)
  }

  get #full(): boolean {
    return this.#window.room <= 0 || !this.#client.connected || this.#client.closed
  }

  /** Messages that the client has not acknowledged. */
  get inflight(): number {
    return this.#window.size
  }

  /** Messages in the queue. */
  get queued(): number {
    return this.#queue?.size ?? 0
  }

  /** The log holds what was not sent on this connection. */
  get behind(): boolean {
    return this.#behind
  }

  /** QoS 1 and 2 of a session with a log, where the message already is. */
  forwardStored(ctx: ForwardContext, sequence: number): 'sent' | 'queued' {
    // The log was read between storing and forwarding.
    if (sequence <= this.#position) return 'sent'
    const { packet, qos, messageId = 0 } = ctx
    const id = packetIdOf(sequence)
    // A gap: one before it was stored and has not come by.
    const next = this.#sent !== undefined && !this.#behind && sequence === this.#position + 1
    if (this.#client.congested || !next || this.#full || this.#window.has(id)) {
      this.#behind = true
      this.#missed = true
      this.#stack.waits.begin(this.#client, packet, sequence)
      this.#continueLater()
      return 'queued'
    }
    this.#position = sequence
    this.#sent!.upTo = sequence
    this.#deliveries.send(ctx, false, new Inflight(id, qos, messageId, sequence, packet.length))
    return 'sent'
  }

  /** QoS 1 and 2 that are in no log: of a session that ends with its connection. */
  forwardLive(message: Outgoing): 'sent' | 'queued' | DropReason {
    const waits = this.#behind || this.queued > 0
    if (this.#client.congested || waits || this.#full) {
      this.#queue ??= WaitingQueue.of(this.#client, this.#limits, this.#stack.ledger)
      const refused = this.#queue.push(toWait(message, this.#stack.clock))
      if (refused !== undefined) return refused
      this.#stack.waits.begin(this.#client, message.packet)
      this.#continueLater()
      return 'queued'
    }
    this.#deliveries.sendLive(message)
    return 'sent'
  }

  /** As that of {@link Deliveries}. @throws ProtocolError for what does not answer what was sent. */
  acknowledge(cmd: AckType, id: number, reasonCode: number): boolean {
    return this.#deliveries.acknowledge(cmd, id, reasonCode)
  }

  identifierFreed(isLogged: boolean): void {
    if (isLogged || this.#behind || this.queued > 0) this.#schedule()
  }

  /** CONNACK is out: first what was in flight, then the log, or what queued up meanwhile. */
  resume(present: boolean): void | Promise<void> {
    if (!this.#client.session.stored) return this.#fill()
    const known = this.#begin()
    if (!present && known.upTo < 0) known.upTo = 0
    return proceed(this.#read())
  }

  /** Resolves when nothing waits behind the window any more, or the client is gone; nothing when it is so already. */
  drained(): void | Promise<void> {
    if (this.#isDrained) return
    this.#drainListeners ??= new DrainListeners(this.#client, () => this.#isDrained)
    return this.#drainListeners.wait()
  }

  /** The client goes, and so does its session where it `isLast`; resolves when no call to the log is under way. */
  leave(isLast: boolean): void | Promise<void> {
    this.#stack.waits.forget(this.#client)
    if (isLast) handOn(this.#stack, this.#client.session.clientId, this.#window, this.#queue)
    return this.#deliveries.settle()
  }

  /**
   * Takes out of the queue what is not to be sent any more, and answers it. What is read from the log right now is sorted
   * out when it comes.
   * @param alsoShared What is in flight goes to nobody else either when this client leaves it behind.
   */
  purge(isUnwanted: (message: WaitingMessage) => boolean, alsoShared: boolean): readonly Outgoing[] {
    if (this.#reading) this.#unwanted.add(isUnwanted)
    if (alsoShared)
      for (const entry of this.#window.entries())
        if (entry.shared !== undefined && isUnwanted(entry.shared)) entry.shared = undefined
    const removed = this.#queue?.remove(isUnwanted) ?? []
    if (removed.length > 0) this.#drainListeners?.tell()
    return removed
  }

  endTurn(): void {
    this.#scheduled = false
    this.#deliveries.removeDelivered()
    if (this.#behind) this.#readInBackground()
    else this.#fill()
  }

  get #isDrained(): boolean {
    return this.#client.closed || (!this.#behind && this.queued === 0)
  }

  /** From here on what is sent is read from the log, beginning with what was in flight. */
  #begin(): Sent {
    if (this.#sent === undefined) {
      this.#sent = sent.of(this.#client.session)
      this.#deliveries.beginFarFromLog()
      this.#behind = true
    }
    return this.#sent
  }

  /** Something waits: goes on at the turn's end, unless something else will set it off. */
  #continueLater(): void {
    if (this.#reading || this.#full) return
    if (this.#client.congested) this.#continueWhenDrained()
    else this.#schedule()
  }

  /** Sends from the queue what the window has room for. */
  #fill(): void {
    while (this.#queue !== undefined && !this.#queue.empty && !this.#full) {
      if (this.#client.congested) {
        this.#continueWhenDrained()
        return
      }
      const message = this.#queue.shift()
      this.#stack.waits.end(this.#client, message.packet, this.#deliveries.sendLive(message))
    }
    this.#drainListeners?.tell()
  }

  #readInBackground(): void {
    this.#begin()
    this.#stack.background(() => proceed(this.#read()), this.#client)
  }

  /** Reads the log as far as the window has room, and to its end if it has. */
  *#read(): Steps {
    if (this.#reading) return
    this.#reading = true
    const { pace } = this.#stack
    try {
      while (this.#behind && !this.#full) {
        // What is withheld or over fills no window: nothing else bounds how much of the log is read on.
        if (pace.spent) yield pace.rest()
        if (this.#client.congested) return this.#continueWhenDrained()
        const limit = Math.min(this.#window.room, PAGE)
        const page: StoredMessage[] = []
        this.#missed = false
        this.#unwanted.clear()
        const client = this.#client
        const ctx = { client, clientId: client.session.clientId, after: this.#position, limit }
        yield this.#stack.run('lookupOfflineMessages', ctx, page)
        // Its acknowledgement will set us off.
        if (yield* this.#resend(page)) break
        const end = page.length < limit && !this.#missed
        if (end && this.#position >= (page.at(-1)?.sequence ?? 0) && !this.#client.closed) this.#catchUp()
      }
    } finally {
      this.#reading = false
    }
    if (!this.#behind) this.#fill()
  }

  /** Sends a page as far as the client takes it, a piece a turn; true when a packet identifier is still in use. */
  *#resend(page: readonly StoredMessage[]): Steps<boolean> {
    let left = PIECE
    for (const message of page) {
      if (left <= 0) {
        yield this.#stack.pace.rest()
        left = PIECE
      }
      if (this.#full || this.#client.congested) return false
      if (this.#unwanted.has(message)) continue
      left -= message.packet.length
      const id = packetIdOf(message.sequence)
      if (this.#window.has(id)) return true
      this.#sendStored(message, id)
    }
    return false
  }

  #sendStored(message: StoredMessage, id: number): void {
    const { messageId, sequence, packet, qos, released } = message
    const known = this.#begin()
    const entry = new Inflight(id, qos, messageId, sequence, packet.length)
    this.#position = sequence
    if (released) this.#deliveries.sendReleased(entry)
    else {
      const begun = sequence <= known.upTo
      // What nobody knows to be unsent may have been sent.
      const isSent = this.#deliveries.send(message, begun || known.upTo < 0, entry, begun)
      this.#stack.waits.end(this.#client, packet, isSent, sequence)
    }
    if (known.upTo >= 0 && sequence > known.upTo) known.upTo = sequence
  }

  /** The log's end was read: what comes from now on was never sent. */
  #catchUp(): void {
    const known = this.#begin()
    this.#behind = false
    if (known.upTo < this.#position) known.upTo = this.#position
  }

  /** Goes on once the client has taken what it was sent. */
  #continueWhenDrained(): void {
    if (this.#draining) return
    this.#draining = true
    this.#stack.background(async () => {
      await this.#client.drained()
      this.#draining = false
      if (!this.#client.closed) this.#schedule()
    }, this.#client)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#stack.turn.add(this)
  }
}
