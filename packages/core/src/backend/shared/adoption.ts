import { nextMessageId } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import { readRelayed } from '../../packets/index.ts'
import type { StoredIntent } from '../disk/node-records.ts'
import type { SessionRecord } from '../session-record.ts'
import { AdoptedWills } from './adopted-wills.ts'
import { Arrival } from './arrival.ts'
import { Bodies } from './bodies.ts'
import type { Home } from './directory.ts'
import type { Frame, MessageFrame } from './frames.ts'
import { ceilingOf } from './hand-over.ts'
import { LeftGroups } from './left-groups.ts'
import { LeftInbox } from './left-inbox.ts'
import type { LeftWill } from './left-part.ts'
import {
  giveFirst,
  giveLast,
  readIntents,
  readMessages,
  readPlace,
  readSessions,
  readWills,
} from './left-part.ts'
import type { Moving } from './moving.ts'
import { restBeforeAsking } from './moving.ts'
import { Cut } from './residence.ts'
import type { ClaimedPart } from './shared-store.ts'

/** Sessions whose home is written down at once. */
const AT_ONCE = 100

/**
 * Takes what a dead node has left: sessions with their logs, wills, and what others had sent to it. Until the directory says of a session
 * that it is at home here it is the dead node's: whoever begins anew, after a crash of this one, loses nothing and has nothing twice.
 */
export class Adoption {
  readonly #moving: Moving
  readonly #left: string
  readonly #part: ClaimedPart
  readonly #isClosed: () => boolean
  /** By the number that the session had. */
  readonly #arrivals = new Map<number, Arrival>()
  readonly #byRecord = new Map<SessionRecord, Arrival>()
  /** Numbers of sessions that are at home elsewhere by now. */
  readonly #elsewhere = new Set<number>()
  readonly #homes = new Map<string, Home>()
  readonly #bodies: Bodies
  readonly #wills: AdoptedWills
  readonly #groups: LeftGroups
  #inbox!: LeftInbox
  #failure: Error | undefined
  /** What was staged last is of it. */
  #batch: object | undefined

  constructor(moving: Moving, left: string, part: ClaimedPart, isClosed: () => boolean) {
    this.#moving = moving
    this.#left = left
    this.#part = part
    this.#isClosed = isClosed
    this.#bodies = new Bodies(moving.disk)
    this.#wills = new AdoptedWills(moving)
    this.#groups = new LeftGroups(moving)
  }

  /** @throws StackError where it could not be done now; nothing of what is left is gone then. */
  async run(): Promise<void> {
    const { cuts, directory } = this.#moving
    const { position, seqs } = await readPlace(this.#part)
    this.#inbox = new LeftInbox(this.#part, position, seqs)
    for await (const { clientId, home } of directory.of(this.#left)) this.#homes.set(clientId, home)
    // Whoever published it may go on when its session is here.
    await this.#replay()
    const cut = new Cut(nextMessageId())
    cuts.begin(cut)
    try {
      await this.#begin(cut)
      await this.#takeAll(cut)
      await this.#settleAll()
    } finally {
      cuts.end(cut)
      for (const arrival of this.#arrivals.values()) if (!arrival.isSettled) arrival.giveUp()
    }
    await this.#finish()
  }

  async #replay(): Promise<void> {
    const intents: StoredIntent[] = []
    for await (const intent of readIntents(this.#part)) intents.push(intent)
    await this.#moving.node.intents.replay(this.#left, intents)
  }

  get #rest(): () => Promise<void> | undefined {
    const { pace } = this.#moving.parts.stack
    const { commits } = this.#moving.disk
    return () => {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#batch !== commits.batch) {
        this.#batch = commits.batch
        commits.commit().catch((error: Error) => {
          this.#failure ??= error
        })
      }
      return pace.spent ? pace.rest() : undefined
    }
  }

  /** Makes the sessions here, so that what comes now is theirs. */
  async #begin(cut: Cut): Promise<void> {
    const { parts, disk } = this.#moving
    const { sessions, bounds } = parts
    for await (const stored of readSessions(this.#part)) {
      const isOurs = this.#homes.has(stored.clientId) && sessions.get(stored.clientId) === undefined
      if (!isOurs) {
        this.#elsewhere.add(stored.id)
        continue
      }
      const ceiling = ceilingOf(stored.sequences, bounds.sessionMessages)
      const arrival = new Arrival(parts, disk, stored, { ceiling, cut, bodies: this.#bodies })
      this.#arrivals.set(stored.id, arrival)
      this.#byRecord.set(arrival.record, arrival)
      await this.#rest()
    }
    await giveFirst(this.#part, (id) => this.#arrivals.get(id))
  }

  async #takeAll(cut: Cut): Promise<void> {
    const { node, routes, peers } = this.#moving.node
    const nodes = new Set([...peers.live, node])
    cut.ask(nodes)
    const announced = routes.announce([], [this.#left, node], [], cut.tag)
    announced.catch(() => {})
    for await (const [id, bytes] of readMessages(this.#part)) this.#bodies.add(id, bytes)
    await giveLast(this.#part, (id) => this.#arrivals.get(id), this.#rest)
    for await (const left of readWills(this.#part)) this.#takeWill(left)
    await this.#readUpTo(cut.tag, nodes, true)
    await announced
  }

  #takeWill(left: LeftWill): void {
    const { session, epoch, will } = left
    if (this.#elsewhere.has(session)) return
    const arrival = this.#arrivals.get(session)
    if (arrival !== undefined) arrival.will(epoch, will)
    // Its session is over.
    else this.#wills.take(left)
  }

  /**
   * Reads what others had sent, up to the marks of this number.
   * @param nodes Who marks.
   * @param plain Messages for sessions are taken; otherwise those for groups alone: the others have come here.
   */
  async #readUpTo(tag: number, nodes: Set<string>, plain: boolean): Promise<void> {
    const { peers, node } = this.#moving.node
    for (;;) {
      for (const one of nodes) if (one !== node && !peers.live.has(one)) nodes.delete(one)
      if (nodes.size === 0) return
      if (this.#isClosed()) throw new StackError('STORE_CLOSED', 'this node stops')
      for (const { from, frame } of await this.#inbox.next()) {
        const isMark = frame.kind === 'mark' && frame.owner === node && frame.tag === tag
        if (isMark) nodes.delete(from)
        // Who is alive and does not mark has known of the sessions here from its beginning.
        const isTheirs = plain && (nodes.has(from) || !peers.live.has(from))
        this.#take(frame, from !== node ? isTheirs : plain && nodes.has(node))
        await this.#rest()
      }
    }
  }

  #take(frame: Frame, isForSessions: boolean): void {
    this.#groups.take(frame)
    if (frame.kind === 'message' && frame.plain && isForSessions) this.#deliver(frame)
  }

  /** To the sessions that are adopted, and nobody else. */
  #deliver({ publisher, expiresAt, relayed }: MessageFrame): void {
    const packet = readRelayed(relayed)
    const bytes = packet.encode()
    const { subscriptions, sessions, bounds, stack } = this.#moving.parts
    const own = sessions.get(publisher.clientId)
    const found = subscriptions.match(packet.topic).subscribers.flatMap((subscriber) => {
      const { record } = subscriber
      const arrival = this.#byRecord.get(record)
      const wanted = record === own ? subscriber.own : subscriber
      const isWanted = arrival?.isThere === true && record.stored
      return isWanted && wanted !== undefined ? [{ arrival, terms: wanted.terms(packet) }] : []
    })
    // One that several have is kept once.
    const messageId = nextMessageId()
    if (found.length > 1) this.#bodies.add(messageId, bytes)
    for (const { arrival, terms } of found) {
      const { qos, retain, identifiers } = terms
      if (qos === 0) continue
      if (arrival.earlier >= bounds.sessionMessages) {
        const { clientId } = arrival.record
        stack.tell('messageDropped', { clientId, client: undefined, packet, reason: 'log-full', count: 1 })
        continue
      }
      arrival.append({
        messageId,
        qos,
        retain,
        released: false,
        identifiers,
        expiresAt,
        share: undefined,
        publisher,
        size: packet.size,
        interval: packet.expiryInterval ?? Number.POSITIVE_INFINITY,
        message: found.length > 1 ? undefined : bytes,
      })
    }
  }

  /** All of it becomes durable; then, one by one, the directory says that it is here. */
  async #settleAll(): Promise<void> {
    const { disk } = this.#moving
    for (const arrival of this.#arrivals.values()) {
      if (arrival.isThere) arrival.stage()
      await this.#rest()
    }
    await disk.commits.commit()
    if (this.#failure !== undefined) throw this.#failure
    const all = [...this.#arrivals.values()]
    for (let i = 0; i < all.length; i += AT_ONCE)
      await Promise.all(all.slice(i, i + AT_ONCE).map((arrival) => this.#settle(arrival)))
    await this.#wills.settle(this.#part)
  }

  async #settle(arrival: Arrival): Promise<void> {
    const { directory, node } = this.#moving
    const { clientId } = arrival.record
    const from = this.#homes.get(clientId)
    if (!node.lease.held) throw new StackError('LEASE_LOST', `the node ${node.node} has no lease any more`)
    arrival.isUndecided = true
    const rest = (): Promise<void> => restBeforeAsking(this.#moving, this.#isClosed)
    const taken = await directory.takeForSure(clientId, from, rest)
    arrival.isUndecided = false
    this.#homes.delete(clientId)
    if (typeof taken !== 'number') return
    const home = { node: node.node, tenure: taken }
    if (arrival.isThere) arrival.settle(home)
    else await directory.release(clientId, home)
  }

  /** What is left belongs to nobody but groups; then the node is no more. */
  async #finish(): Promise<void> {
    const { node, directory } = this.#moving
    // These ended with their connection.
    for (const [clientId, home] of this.#homes) await directory.release(clientId, home)
    const tag = nextMessageId()
    const nodes = new Set([...node.peers.live, node.node])
    const announced = node.routes.announce([], [this.#left, node.node], [this.#left], tag)
    announced.catch(() => {})
    await this.#readUpTo(tag, nodes, false)
    await announced
    await this.#groups.handOn(this.#part, this.#inbox.position)
    while (!(await this.#part.forget(this.#inbox.position))) {
      for (const { frame } of await this.#inbox.next()) this.#take(frame, false)
      await this.#groups.handOn(this.#part, this.#inbox.position)
    }
  }
}
