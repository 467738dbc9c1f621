import type {
  AckType,
  Chain,
  Client,
  Clock,
  DropReason,
  ForwardContext,
  ProtocolError,
  Stack,
  Steps,
  StoredMessage,
  WaitingMessage,
} from '@mqtt-stack/core'
import { authorOf, bounded, expiryOf, packetIdOf, proceed, protocolError, Slot } from '@mqtt-stack/core'
import { Inflight } from './inflight.ts'
import { Releases } from './releases.ts'
import { Removals } from './removals.ts'
import type { Outgoing, Sender } from './sender.ts'
import { UnderWay } from './under-way.ts'
import type { QueueLimits } from './waiting-queue.ts'
import { WaitingQueue } from './waiting-queue.ts'
import { PLAIN_AT_MOST, Window } from './window.ts'

/** How far a session's log was ever sent, over all its connections. */
class Sent {
  /** Highest sequence; -1: this process does not know. */
  upTo = -1
}

const sent = new Slot(() => new Sent())

interface FlowLimits extends QueueLimits {
  /** Bytes that may be in flight. */
  readonly inflightBytes: number
}

/** Where the packet identifiers of messages in no log begin when there is a log: far from where the log's are. */
const FAR = 32_767
/** Messages that are read from the log at a time. */
const PAGE = 100

/**
 * What is on its way to one client: the window, and what waits behind it in the queue or in the session's log.
 *
 * A session with a log is *behind* while its log holds what was not sent on this connection. Then nothing is sent but
 * what is read from the log, in its order; it stops being behind when the log's end was read.
 */
export class Outflow {
  readonly #stack: Stack
  readonly #client: Client
  readonly #limits: FlowLimits
  /** Made when the first message has to wait. */
  #queue: WaitingQueue | undefined
  readonly #sender: Sender
  /** The sender has nothing to add to a message. */
  readonly #direct: boolean
  /** Who is asked before a message is written; nobody, mostly. */
  readonly #asked: Chain<'sendMessage'>
  readonly #underWay: UnderWay = new UnderWay()
  readonly #releases: Releases
  readonly #removals: Removals
  readonly #window: Window
  /** Sequence of the last message of the log that was sent on this connection. */
  #position = 0
  /** Counts messages that are in no log; their packet identifiers follow from it. */
  #unlogged = 0
  /** Set once the log is read from. */
  #sent: Sent | undefined
  #behind = false
  #reading = false
  /** What is purged while the log is being read. */
  #unwanted: ((message: WaitingMessage) => boolean)[] = []
  /** Messages came for the log while it was being read. */
  #missed = false
  #scheduled = false
  #draining = false
  #drainListeners: (() => void)[] | undefined

  constructor(stack: Stack, client: Client, window: number, limits: FlowLimits, sender: Sender) {
    this.#stack = stack
    this.#client = client
    this.#window = new Window(window, limits.inflightBytes)
    this.#limits = limits
    this.#sender = sender
    this.#direct = sender.direct
    this.#asked = stack.chain('sendMessage')
    this.#releases = new Releases(stack, client, this.#underWay)
    this.#removals = new Removals(stack, client, this.#underWay)
  }

  get #full(): boolean {
    const { connected, closed } = this.#client
    return this.#window.room <= 0 || !connected || closed
  }

  get #queued(): boolean {
    return this.#queue !== undefined && !this.#queue.empty
  }

  /** QoS 1 and 2 of a session with a log, where the message already is. */
  forwardStored(ctx: ForwardContext, sequence: number): 'sent' | 'queued' {
    // The log was read between storing and forwarding.
    if (sequence <= this.#position) return 'sent'
    const { packet, qos, messageId = 0 } = ctx
    const id = packetIdOf(sequence)
    // A gap: one before it was stored and has not come by.
    const next = this.#sent !== undefined && !this.#behind && sequence === this.#position + 1
    // Asked first, so that a client that takes nothing is noticed also behind a full window.
    if (this.#client.congested || !next || this.#full || this.#window.has(id)) {
      this.#behind = true
      this.#missed = true
      this.#goOn()
      return 'queued'
    }
    this.#position = sequence
    this.#sent!.upTo = sequence
    this.#send(ctx, false, new Inflight(id, qos, messageId, sequence, packet.length))
    return 'sent'
  }

  /** QoS 1 and 2 that are in no log: of a session that ends with its connection. */
  forwardLive(message: Outgoing): 'sent' | 'queued' | DropReason {
    const waits = this.#behind || this.#queued
    if (this.#client.congested || waits || this.#full) {
      const refused = this.#waiting().push(kept(message, this.#stack.clock))
      if (refused !== undefined) return refused
      this.#goOn()
      return 'queued'
    }
    this.#sendLive(message)
    return 'sent'
  }

  #waiting(): WaitingQueue {
    if (this.#queue !== undefined) return this.#queue
    const queue = new WaitingQueue(this.#limits, this.#stack.ledger.accountOf(this.#client))
    this.#client.onClose(() => queue.close())
    this.#queue = queue
    return queue
  }

  /**
   * PUBACK, PUBREC or PUBCOMP: frees the identifier, or goes on with PUBREL; false when nothing is in flight with it.
   * Throws a ProtocolError for one that does not answer what was sent.
   */
  acknowledged(cmd: AckType, id: number, reasonCode: number): boolean {
    if (cmd === 'puback' && this.#freed(id)) return true
    const entry = this.#window.get(id)
    if (entry === undefined) {
      // Of what is in flight without an entry only the identifier is known: QoS 1.
      if (this.#window.has(id)) throw wrongAnswer(cmd, id)
      return false
    }
    if (!entry.isAnsweredBy(cmd, reasonCode)) throw wrongAnswer(cmd, id)
    // A PUBREC that refuses ends the exchange (5.0).
    if (cmd === 'pubrec' && reasonCode < 0x80) this.#releases.received(entry)
    else this.#delivered(entry)
    return true
  }

  /** CONNACK is out: first what was in flight, then the log, or what queued up meanwhile. */
  resume(present: boolean): void | Promise<void> {
    if (!this.#client.session.stored) {
      this.#fill()
      return
    }
    const known = this.#begin()
    if (!present && known.upTo < 0) known.upTo = 0
    return proceed(this.#read())
  }

  /** Resolves when nothing waits behind the window any more, or the client is gone; nothing when it is so already. */
  drained(): void | Promise<void> {
    if (this.#drainedNow) return
    // For as long as the client takes: whoever waits for it is not stalled.
    return bounded(
      new Promise((resolve) => {
        if (this.#drainListeners === undefined) this.#client.onClose(() => this.#tellDrained())
        this.#drainListeners ??= []
        this.#drainListeners.push(resolve)
      }),
    )
  }

  /** Removes what was delivered from the log; resolves when no call to it is under way. */
  settle(): void | Promise<void> {
    this.#removals.tell()
    return this.#underWay.settled()
  }

  /** What a session that ends with its connection leaves behind of shared subscriptions goes to others. */
  handOn(): void {
    const { clientId } = this.#client.session
    const inflight = this.#window.entries().sort((a, b) => a.sequence - b.sequence)
    const sent = inflight.filter(({ qos }) => qos === 1).map(({ shared }) => shared)
    for (const message of [...sent, ...(this.#queue?.takeShared() ?? [])]) {
      if (message?.share === undefined) continue
      const { share, packet, qos, expiresAt, publisher } = message
      this.#stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt, publisher })
    }
  }

  /**
   * Takes out of the queue what is not to be sent any more, and answers it. What is read from the log right now is sorted
   * out when it comes.
   * @param alsoShared What is in flight goes to nobody else either when this client leaves it behind.
   */
  purge(isUnwanted: (message: WaitingMessage) => boolean, alsoShared: boolean): readonly Outgoing[] {
    if (this.#reading) this.#unwanted.push(isUnwanted)
    if (alsoShared)
      for (const entry of this.#window.entries())
        if (entry.shared !== undefined && isUnwanted(entry.shared)) entry.shared = undefined
    const removed = this.#queue?.remove(isUnwanted) ?? []
    if (removed.length > 0) this.#tellDrained()
    return removed
  }

  endTurn(): void {
    this.#scheduled = false
    this.#removals.tell()
    if (this.#behind) this.#readOn()
    else this.#fill()
  }

  get #drainedNow(): boolean {
    return this.#client.closed || (!this.#behind && !this.#queued)
  }

  #tellDrained(): void {
    const listeners = this.#drainListeners
    if (listeners === undefined || listeners.length === 0 || !this.#drainedNow) return
    this.#drainListeners = []
    for (const resolve of listeners) resolve()
  }

  /** From here on what is sent is read from the log, beginning with what was in flight. */
  #begin(): Sent {
    if (this.#sent === undefined) {
      this.#sent = sent.of(this.#client.session)
      this.#unlogged = FAR
      this.#behind = true
    }
    return this.#sent
  }

  /** Something waits: goes on at the turn's end, unless something else will set it off. */
  #goOn(): void {
    if (this.#reading || this.#full) return
    if (this.#client.congested) this.#whenDrained()
    else this.#schedule()
  }

  /** Sends from the queue what the window has room for. */
  #fill(): void {
    while (this.#queue !== undefined && !this.#queue.empty && !this.#full) {
      if (this.#client.congested) {
        this.#whenDrained()
        return
      }
      this.#sendLive(this.#queue.shift())
    }
    this.#tellDrained()
  }

  #readOn(): void {
    this.#begin()
    this.#stack.background(() => proceed(this.#read()), this.#client)
  }

  /** Reads the log as far as the window has room, and to its end if it has. */
  *#read(): Steps {
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.#behind && !this.#full) {
        if (this.#client.congested) {
          this.#whenDrained()
          break
        }
        const limit = Math.min(this.#window.room, PAGE)
        const page: StoredMessage[] = []
        this.#missed = false
        this.#unwanted = []
        yield this.#lookup(limit, page)
        const blocked = this.#resend(this.#wanted(page))
        // Its acknowledgement will set us off.
        if (blocked) break
        const end = page.length < limit && !this.#missed
        if (end && this.#position >= (page.at(-1)?.sequence ?? 0) && !this.#client.closed) this.#caughtUp()
      }
    } finally {
      this.#reading = false
    }
    if (!this.#behind) this.#fill()
  }

  #lookup(limit: number, page: StoredMessage[]): void | Promise<void> {
    const { clientId } = this.#client.session
    const ctx = { client: this.#client, clientId, after: this.#position, limit }
    return this.#stack.run('lookupOfflineMessages', ctx, page)
  }

  /** Without what was purged while the page was read. */
  #wanted(page: readonly StoredMessage[]): readonly StoredMessage[] {
    const unwanted = this.#unwanted
    if (unwanted.length === 0) return page
    return page.filter((message) => message.released || !unwanted.some((isUnwanted) => isUnwanted(message)))
  }

  /** Sends a page as far as the client takes it; true when a packet identifier is still in use. */
  #resend(page: readonly StoredMessage[]): boolean {
    for (const message of page) {
      if (this.#full || this.#client.congested) return false
      const id = packetIdOf(message.sequence)
      if (this.#window.has(id)) return true
      this.#sendStored(message, id)
    }
    return false
  }

  /** Only where the window has room, and so an identifier is free. */
  #sendLive(message: Outgoing): void {
    const id = this.#freeId()
    const { packet, qos, share } = message
    if (qos === 1 && share === undefined && packet.length <= PLAIN_AT_MOST) {
      this.#window.add(id, packet.length, undefined)
      if (!this.#write(message, false, id, false)) this.#freed(id)
      return
    }
    const shared = share === undefined ? undefined : kept(message, this.#stack.clock)
    this.#send(message, false, new Inflight(id, qos, 0, this.#unlogged, packet.length, shared))
  }

  /** The packet identifier of the next message that is in no log; one that is in use is passed over. */
  #freeId(): number {
    let id = packetIdOf(++this.#unlogged)
    while (this.#window.has(id)) id = packetIdOf(++this.#unlogged)
    return id
  }

  #sendStored(message: StoredMessage, id: number): void {
    const { messageId, sequence, packet, qos, released } = message
    const known = this.#begin()
    const entry = new Inflight(id, qos, messageId, sequence, packet.length)
    this.#position = sequence
    if (released) {
      entry.phase = 'released'
      this.#window.add(id, entry.size, entry)
      this.#client.ack('pubrel', id)
    } else {
      const begun = sequence <= known.upTo
      // What nobody knows to be unsent may have been sent.
      this.#send(message, begun || known.upTo < 0, entry, begun)
    }
    if (known.upTo >= 0 && sequence > known.upTo) known.upTo = sequence
  }

  /** The log's end was read: what comes from now on was never sent. */
  #caughtUp(): void {
    const known = this.#begin()
    this.#behind = false
    if (known.upTo < this.#position) known.upTo = this.#position
  }

  /** Frees the identifier of a message that is in no log; false when it is no such message's. */
  #freed(id: number): boolean {
    if (!this.#window.deletePlain(id)) return false
    if (this.#behind || this.#queued) this.#schedule()
    return true
  }

  /** Frees the identifier at once, and the log's entry at the end of the turn. */
  #delivered(entry: Inflight): void {
    this.#window.delete(entry)
    const { messageId, sequence } = entry
    if (messageId !== 0) this.#removals.add(messageId, sequence)
    if (messageId !== 0 || this.#behind || this.#queued) this.#schedule()
  }

  #send(message: Outgoing, dup: boolean, entry: Inflight, begun = false): void {
    this.#window.add(entry.id, entry.size, entry)
    if (this.#write(message, dup, entry.id, begun)) return
    // What is over, withheld, or larger than the client takes counts as delivered. A client that may have it already
    // holds its identifier until PUBREL, and would take another message with that for a repeat [MQTT-4.3.3-10].
    if (dup && entry.qos === 2) this.#releases.received(entry)
    else this.#delivered(entry)
  }

  /** False for what the client does not get: it is told. */
  #write(message: Outgoing, dup: boolean, id: number, begun: boolean): boolean {
    const { packet, qos, retain, identifiers, expiresAt } = message
    // Most messages go as they are.
    const plain = this.#direct && !this.#asked.answered && identifiers === undefined && expiresAt === 0
    if (plain && this.#client.publish(packet, qos, retain, dup, id)) return true
    return this.#sender.send(message, dup, id, begun)
  }

  /** Goes on once the client has taken what it was sent. */
  #whenDrained(): void {
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

/** A client that mixes up its exchanges has lost track of what it received. */
function wrongAnswer(cmd: AckType, id: number): ProtocolError {
  const message = `a ${cmd.toUpperCase()} for identifier ${id}, which awaits another answer`
  return protocolError(message)
}

/** The message as it can be kept beyond the turn: its expiry goes on from now. */
function kept(message: Outgoing, clock: Clock): Outgoing {
  const { packet, qos, retain, identifiers, share } = message
  packet.own()
  const publisher = message.publisher && authorOf(message.publisher)
  message.publisher = publisher
  if (message.expiresAt !== 0 || packet.expiryInterval === undefined) return message
  return { packet, qos, retain, identifiers, expiresAt: expiryOf(packet, clock), share, publisher }
}
