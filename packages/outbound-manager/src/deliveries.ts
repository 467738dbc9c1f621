/** What is in flight to one client: each message with its packet identifier, until the last acknowledgement. */
import type { AckType, Chain, Client, ProtocolError, Stack } from '@mqtt-stack/core'
import { packetIdOf, protocolError } from '@mqtt-stack/core'
import { Inflight } from './inflight.ts'
import { Releases } from './releases.ts'
import { Removals } from './removals.ts'
import type { Outgoing, Sender } from './sender.ts'
import { toWait } from './to-wait.ts'
import { UnderWay } from './under-way.ts'
import type { Window } from './window.ts'
import { PLAIN_AT_MOST } from './window.ts'

/** Where the packet identifiers of messages in no log begin when there is a log: far from where the log's are. */
const FAR = 32_767

/** Who goes on when there is room again. */
export interface DeliveryOwner {
  /** A packet identifier is free. `isLogged`: what was delivered is to be removed from the log, at the end of the turn. */
  identifierFreed(isLogged: boolean): void
}

export class Deliveries {
  readonly window: Window
  readonly #stack: Stack
  readonly #client: Client
  readonly #sender: Sender
  readonly #owner: DeliveryOwner
  /** The sender has nothing to add to a message. */
  readonly #direct: boolean
  /** Who is asked before a message is written; nobody, mostly. */
  readonly #asked: Chain<'sendMessage'>
  readonly #underWay: UnderWay = new UnderWay()
  readonly #releases: Releases
  readonly #removals: Removals
  /** Counts messages that are in no log; their packet identifiers follow from it. */
  #unlogged = 0

  constructor(stack: Stack, client: Client, window: Window, sender: Sender, owner: DeliveryOwner) {
    this.#stack = stack
    this.#client = client
    this.window = window
    this.#sender = sender
    this.#owner = owner
    this.#direct = sender.direct
    this.#asked = stack.chain('sendMessage')
    this.#releases = new Releases(stack, client, this.#underWay)
    this.#removals = new Removals(stack, client, this.#underWay)
  }

  /** There is a log: identifiers of messages that are in none begin far from those of the log. */
  beginFarFromLog(): void {
    this.#unlogged = FAR
  }

  /** Removes from the log what was delivered. */
  removeDelivered(): void {
    this.#removals.tell()
  }

  /** Removes from the log what was delivered; resolves when no call to it is under way. */
  settle(): void | Promise<void> {
    this.#removals.tell()
    return this.#underWay.settled()
  }

  /**
   * PUBACK, PUBREC or PUBCOMP: frees the identifier, or goes on with PUBREL; false when nothing is in flight with it.
   * Throws a ProtocolError for one that does not answer what was sent.
   */
  acknowledge(cmd: AckType, id: number, reasonCode: number): boolean {
    if (cmd === 'puback' && this.#free(id)) return true
    const entry = this.window.get(id)
    if (entry === undefined) {
      // Of what is in flight without an entry only the identifier is known: QoS 1.
      if (this.window.has(id)) throw wrongAnswer(cmd, id)
      return false
    }
    if (!entry.isAnsweredBy(cmd, reasonCode)) throw wrongAnswer(cmd, id)
    // A PUBREC that refuses ends the exchange (5.0).
    if (cmd === 'pubrec' && reasonCode < 0x80) this.#releases.received(entry)
    else this.#finish(entry)
    return true
  }

  /** Only where the window has room, and so an identifier is free. False for what the client does not get. */
  sendLive(message: Outgoing): boolean {
    const id = this.#nextId()
    const { packet, qos, share } = message
    if (qos === 1 && share === undefined && packet.length <= PLAIN_AT_MOST) {
      this.window.add(id, packet.length, undefined)
      if (this.#write(message, false, id, false)) return true
      this.#free(id)
      return false
    }
    const shared = share === undefined ? undefined : toWait(message, this.#stack.clock)
    return this.send(message, false, new Inflight(id, qos, 0, this.#unlogged, packet.length, shared))
  }

  /** The packet identifier of the next message that is in no log; one that is in use is passed over. */
  #nextId(): number {
    let id = packetIdOf(++this.#unlogged)
    while (this.window.has(id)) id = packetIdOf(++this.#unlogged)
    return id
  }

  /** The receiver has it: only PUBREL is left to be sent. */
  sendReleased(entry: Inflight): void {
    entry.phase = 'released'
    this.window.add(entry.id, entry.size, entry)
    this.#client.ack('pubrel', entry.id)
  }

  /** Frees the identifier of a message that is in no log; false when it is no such message's. */
  #free(id: number): boolean {
    if (!this.window.deletePlain(id)) return false
    this.#owner.identifierFreed(false)
    return true
  }

  /** Frees the identifier at once, and the log's entry at the end of the turn. */
  #finish(entry: Inflight): void {
    this.window.delete(entry)
    const { messageId, sequence } = entry
    if (messageId !== 0) this.#removals.add(messageId, sequence)
    this.#owner.identifierFreed(messageId !== 0)
  }

  /**
   * False for what the client does not get.
   * @param begun It was sent before, and so its time is not over any more [MQTT-4.3.3-7].
   */
  send(message: Outgoing, dup: boolean, entry: Inflight, begun = false): boolean {
    this.window.add(entry.id, entry.size, entry)
    if (this.#write(message, dup, entry.id, begun)) return true
    // What is over, withheld, or larger than the client takes counts as delivered. A client that may have it already
    // holds its identifier until PUBREL, and would take another message with that for a repeat [MQTT-4.3.3-10].
    if (dup && entry.qos === 2) this.#releases.received(entry)
    else this.#finish(entry)
    return false
  }

  /** False for what the client does not get: it is told. */
  #write(message: Outgoing, dup: boolean, id: number, begun: boolean): boolean {
    const { packet, qos, retain, identifiers, expiresAt } = message
    // Most messages go as they are.
    const plain = this.#direct && !this.#asked.answered && identifiers === undefined && expiresAt === 0
    if (plain && this.#client.publish(packet, qos, retain, dup, id)) return true
    return this.#sender.send(message, dup, id, begun)
  }
}

/** A client that mixes up its exchanges has lost track of what it received. */
function wrongAnswer(cmd: AckType, id: number): ProtocolError {
  const message = `a ${cmd.toUpperCase()} for identifier ${id}, which awaits another answer`
  return protocolError(message)
}
