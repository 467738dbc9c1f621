import type { Client, ForwardContext, Publish, QoS, Stack, StoredMessage } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'
import type { WaitingQueue } from './waiting-queue.ts'

/** A message that was sent and is not acknowledged. */
export interface Inflight {
  /** 0 for a session without a log. */
  readonly messageId: number
  readonly sequence: number
  readonly qos: QoS
}

/** How far a session's log was ever sent, over all its connections. */
class Sent {
  /** Highest sequence; -1: this process does not know. */
  upTo = -1
}

const sent = new Slot(() => new Sent())

/** Packet identifiers follow from a message's place in its session, and so survive a crash with it. */
export function packetIdOf(sequence: number): number {
  return 1 + ((sequence - 1) % 65_535)
}

/** What is on its way to one client: the window, and what waits behind it in the queue or in the session's log. */
export class Outflow {
  readonly #stack: Stack
  readonly #client: Client
  readonly #window: number
  readonly #inflight = new Map<number, Inflight>()
  readonly #queue: WaitingQueue
  /** Place in the session: of the last message sent on this connection. */
  #position = 0
  /** The log holds messages that are not sent: nothing live may overtake them. */
  #behind = false
  #reading = false
  /** Messages came for the log while it was being read. */
  #missed = false
  /** Delivered since the last turn's end. */
  #removed: Inflight[] = []
  #scheduled = false
  #draining = false

  constructor(stack: Stack, client: Client, window: number, queue: WaitingQueue) {
    this.#stack = stack
    this.#client = client
    this.#window = window
    this.#queue = queue
  }

  get #full(): boolean {
    return this.#inflight.size >= this.#window || !this.#client.connected
  }

  /** QoS 1 and 2 of a session with a log, where the message already is. */
  forwardStored(ctx: ForwardContext, sequence: number): 'sent' | 'queued' {
    if (this.#behind || this.#full || this.#client.congested || this.#inflight.has(packetIdOf(sequence))) {
      this.#behind = true
      this.#missed = true
      if (this.#inflight.size === 0) this.#whenDrained()
      return 'queued'
    }
    this.#send(ctx.packet, ctx.qos, ctx.retain, ctx.messageId ?? 0, sequence, false)
    sent.of(this.#client.session).upTo = sequence
    return 'sent'
  }

  /** QoS 1 and 2 of a session that ends with its connection. */
  forwardLive(ctx: ForwardContext): 'sent' | 'queued' | 'dropped' {
    const { packet, qos, retain } = ctx
    const next = this.#position + 1
    if (!this.#queue.empty || this.#full || this.#client.congested || this.#inflight.has(packetIdOf(next))) {
      if (!this.#queue.push({ packet: packet.own(), qos, retain })) return 'dropped'
      if (this.#inflight.size === 0) this.#whenDrained()
      return 'queued'
    }
    this.#send(packet, qos, retain, 0, next, false)
    return 'sent'
  }

  /** The entry that an acknowledgement of this kind belongs to. */
  find(id: number, qos: QoS): Inflight | undefined {
    const entry = this.#inflight.get(id)
    return entry?.qos === qos ? entry : undefined
  }

  /** PUBACK or PUBCOMP: frees the identifier, and the log's entry at the end of the turn. */
  delivered(id: number, entry: Inflight): void {
    this.#inflight.delete(id)
    if (entry.messageId !== 0) this.#removed.push(entry)
    if (this.#removed.length > 0 || this.#behind || !this.#queue.empty) this.#schedule()
  }

  /** CONNACK is out: first what was in flight, then the log, or what queued up meanwhile. */
  resume(present: boolean): void | Promise<void> {
    const { session } = this.#client
    if (!session.stored) {
      this.#fill()
      return
    }
    if (!present) sent.of(session).upTo = 0
    this.#position = 0
    this.#behind = true
    return this.#read()
  }

  endTurn(): void {
    this.#scheduled = false
    const later = this.settle()
    later?.catch((error: Error) => this.#stack.fail(error, this.#client, undefined))
    if (this.#behind) void this.#readOn()
    else this.#fill()
  }

  /** Removes what was delivered from the log. */
  settle(): void | Promise<void> {
    if (this.#removed.length === 0) return
    const { clientId, epoch } = this.#client.session
    const messageIds = this.#removed.map(({ messageId }) => messageId)
    const sequences = this.#removed.map(({ sequence }) => sequence)
    this.#removed = []
    return this.#stack.run('removeOfflineMessages', { clientId, epoch, messageIds, sequences }, {})
  }

  /** Sends what the window has room for, from the queue. */
  #fill(): void {
    while (!this.#queue.empty && !this.#full && !this.#inflight.has(packetIdOf(this.#position + 1))) {
      if (this.#client.congested) {
        this.#whenDrained()
        return
      }
      const waiting = this.#queue.shift()
      if (waiting !== undefined)
        this.#send(waiting.packet, waiting.qos, waiting.retain, 0, this.#position + 1, false)
    }
  }

  async #readOn(): Promise<void> {
    try {
      await this.#read()
    } catch (error) {
      this.#stack.fail(error as Error, this.#client, undefined)
    }
  }

  /** Reads the log as far as the window has room. */
  async #read(): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    const client = this.#client
    try {
      while (this.#behind && !this.#full && !client.closed) {
        if (client.congested) await client.drained()
        const limit = this.#window - this.#inflight.size
        const page: StoredMessage[] = []
        this.#missed = false
        const ctx = { client, clientId: client.session.clientId, after: this.#position, limit }
        await this.#stack.run('lookupOfflineMessages', ctx, page)
        if (!page.every((message) => this.#resend(message))) break
        if (page.length < limit && !this.#missed) this.#behind = false
      }
    } finally {
      this.#reading = false
    }
  }

  /** False when the message's identifier is still in use: it waits. */
  #resend(message: StoredMessage): boolean {
    const { messageId, sequence, packet, qos, retain, released } = message
    const id = packetIdOf(sequence)
    if (this.#inflight.has(id)) return false
    const known = sent.of(this.#client.session)
    if (released) {
      this.#inflight.set(id, { messageId, sequence, qos })
      this.#position = sequence
      this.#client.ack('pubrel', id)
    } else {
      // What nobody knows to be unsent may have been sent.
      const dup = known.upTo < 0 || sequence <= known.upTo
      this.#send(packet, qos, retain, messageId, sequence, dup)
    }
    if (known.upTo >= 0 && sequence > known.upTo) known.upTo = sequence
    return true
  }

  #send(packet: Publish, qos: QoS, retain: boolean, messageId: number, sequence: number, dup: boolean): void {
    const id = packetIdOf(sequence)
    this.#position = sequence
    this.#inflight.set(id, { messageId, sequence, qos })
    this.#client.publish(packet, qos, retain, dup, id)
  }

  /** Nothing is in flight whose acknowledgement could move things on: the drain does. */
  #whenDrained(): void {
    if (this.#draining || !this.#client.connected) return
    this.#draining = true
    void this.#client.drained().then(() => {
      this.#draining = false
      if (!this.#client.closed) this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#stack.turn.add(this)
  }
}
