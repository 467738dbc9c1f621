import { nextMessageId } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { SessionRecord } from '../session-record.ts'
import type { Adoptions } from './adoptions.ts'
import { Arrival } from './arrival.ts'
import { Bodies } from './bodies.ts'
import type { Home } from './directory.ts'
import { ceilingOf } from './hand-over.ts'
import type { LeftReader } from './last-calls.ts'
import { LastCalls } from './last-calls.ts'
import type { LeftFrame } from './left-inbox.ts'
import { LeftInbox } from './left-inbox.ts'
import type { LeftIntents } from './left-intents.ts'
import { LeftMarks } from './left-marks.ts'
import { LeftMessages } from './left-messages.ts'
import { LeftOvers } from './left-overs.ts'
import type { LeftWill } from './left-part.ts'
import { giveFirst, giveLast, readMessages, readPlace, readSessions, readWills } from './left-part.ts'
import type { Moving } from './moving.ts'
import { restBeforeAsking } from './moving.ts'
import { Cut } from './residence.ts'
import type { ClaimedPart } from './shared-store.ts'

/** Sessions whose home is written down at once. */
const AT_ONCE = 100

/** How often a session is looked at that is on its way, in ms. */
const LOOK = 50

/**
 * Takes what a dead node has left: sessions with their logs, wills, and what others had sent to it. Until the directory says of a session
 * that it is at home here it is the dead node's: whoever begins anew, after a crash of this one, loses nothing and has nothing twice.
 */
export class Adoption implements LeftReader {
  readonly #moving: Moving
  readonly #left: string
  readonly #part: ClaimedPart
  readonly #intents: LeftIntents
  readonly #adoptions: Pick<Adoptions, 'closed' | 'wills' | 'settleOthers'>
  /** By the number that the session had. */
  readonly #arrivals = new Map<number, Arrival>()
  readonly #byRecord = new Map<SessionRecord, Arrival>()
  /** Numbers of sessions that are at home elsewhere by now. */
  readonly #elsewhere = new Set<number>()
  readonly #homes = new Map<string, Home>()
  readonly #bodies: Bodies
  /** Wills of sessions that were over. */
  readonly #wills: LeftWill[] = []
  readonly #overs = new LeftOvers()
  readonly #messages: LeftMessages
  readonly #marks: LeftMarks
  readonly #calls: LastCalls
  /** Sessions that are at home here by now. */
  readonly #settled = new Set<SessionRecord>()
  #inbox!: LeftInbox
  #failure: Error | undefined
  /** All sessions that come are at home here. */
  #isSettled = false
  /** What was staged last is of it. */
  #batch: object | undefined

  /** @param intents Of the part that is claimed; what was open of them is sent. */
  constructor(
    moving: Moving,
    left: string,
    intents: LeftIntents,
    adoptions: Pick<Adoptions, 'closed' | 'wills' | 'settleOthers'>,
  ) {
    this.#moving = moving
    this.#left = left
    this.#part = intents.part
    this.#intents = intents
    this.#adoptions = adoptions
    this.#bodies = new Bodies(moving.disk)
    this.#marks = new LeftMarks(moving.node, left)
    this.#calls = new LastCalls(moving, left, adoptions, this)
    this.#messages = new LeftMessages(moving, this.#bodies, this.#byRecord)
  }

  /** @throws StackError where it could not be done now; nothing of what is left is gone then. */
  async run(): Promise<void> {
    const { cuts, directory } = this.#moving
    const { position, seqs } = await readPlace(this.#part)
    this.#inbox = new LeftInbox(this.#part, position, seqs)
    for await (const { clientId, home } of directory.of(this.#left)) this.#homes.set(clientId, home)
    const cut = new Cut(nextMessageId())
    cuts.begin(cut)
    let askNobody = (): void => {}
    try {
      await this.#begin(cut)
      askNobody = this.#marks.ask(cut)
      await this.#takeAll(cut)
      await this.#settleAll()
      cuts.end(cut)
      await this.#finish()
    } finally {
      askNobody()
      cuts.end(cut)
      for (const arrival of this.#arrivals.values()) if (!arrival.isSettled) arrival.giveUp()
    }
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
      if (this.#homes.has(stored.clientId)) await this.#untilDecided(stored.clientId)
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

  /** A session that was on its way here when its home died is here for good, or stays there: this is waited for. */
  async #untilDecided(clientId: string): Promise<void> {
    const { sessions, stack } = this.#moving.parts
    const until = stack.clock.now() + this.#moving.node.store.lease
    for (;;) {
      const { residence } = sessions.get(clientId) ?? {}
      if (residence === undefined) return
      if (residence.home !== undefined) {
        this.#homes.delete(clientId)
        return
      }
      if (this.#adoptions.closed || stack.clock.now() >= until)
        throw new StackError('STORE_FAILED', `whether the session of "${clientId}" is here is not known yet`)
      await new Promise<void>((resolve) => void stack.clock.after(LOOK, resolve))
    }
  }

  async #takeAll(cut: Cut): Promise<void> {
    for await (const [id, bytes] of readMessages(this.#part)) this.#bodies.add(id, bytes)
    await giveLast(this.#part, (id) => this.#arrivals.get(id), this.#rest)
    for await (const left of readWills(this.#part)) this.#takeWill(left)
    await this.#calls.readUpTo(cut.tag, this.#marks.missing)
    await this.#marks.announced
    await this.#calls.hearAll((node) => this.#marks.knows(node))
  }

  #takeWill(left: LeftWill): void {
    const { session, epoch, will } = left
    if (this.#elsewhere.has(session)) return
    const arrival = this.#arrivals.get(session)
    if (arrival !== undefined) arrival.will(epoch, will)
    // Its session is over.
    else this.#wills.push({ ...left, key: Uint8Array.from(left.key) })
  }

  /** Takes what others have sent; answers whether there was anything. */
  async readOn(tag: number, nodes: Set<string>): Promise<boolean> {
    const { node } = this.#moving.node
    const found = await this.#inbox.next()
    for (const one of found) {
      const { from, frame } = one
      if (frame.kind === 'mark' && frame.owner === node) {
        this.#marks.mark(frame.tag, from)
        if (frame.tag === tag) nodes.delete(from)
      }
      await this.#take(one)
      await this.#rest()
    }
    return found.length > 0
  }

  /** What a node sent before it knew of the sessions here it has sent to the dead one alone. */
  async #take(one: LeftFrame): Promise<void> {
    const { frame, from } = one
    this.#overs.take(one)
    if (frame.kind !== 'message' || !frame.plain) return
    if (this.#marks.knows(from)) return
    if (!this.#isSettled) this.#messages.deliver(frame)
    // It was late, for its node has lapsed meanwhile.
    else await this.#moving.node.inbox.takeLeft({ ...frame, groups: [] }, from, this.#settled)
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
    this.#isSettled = true
    await this.#adoptions.wills.adopt(this.#wills, this.#intents)
  }

  async #settle(arrival: Arrival): Promise<void> {
    const { directory, node } = this.#moving
    const { clientId } = arrival.record
    const from = this.#homes.get(clientId)
    if (!node.lease.held) throw new StackError('LEASE_LOST', `the node ${node.node} has no lease any more`)
    arrival.isUndecided = true
    const rest = (): Promise<void> => restBeforeAsking(this.#moving, () => this.#adoptions.closed)
    const taken = await directory.takeForSure(clientId, from, rest)
    arrival.isUndecided = false
    this.#homes.delete(clientId)
    if (typeof taken !== 'number') return
    const home = { node: node.node, tenure: taken }
    if (arrival.isThere) {
      arrival.settle(home)
      this.#settled.add(arrival.record)
    } else await directory.release(clientId, home)
  }

  /** What is left belongs to nobody; then the node is no more. */
  async #finish(): Promise<void> {
    const { directory, disk } = this.#moving
    // These ended with their connection.
    for (const [clientId, home] of this.#homes) await directory.release(clientId, home)
    await this.#calls.tellAll()
    await this.#overs.handOn(this.#intents)
    await disk.commits.commit()
    while (!(await this.#part.forget(this.#inbox.position))) {
      await this.readOn(0, new Set())
      await disk.commits.commit()
      await this.#overs.handOn(this.#intents)
    }
  }
}
