import { Buffer } from 'node:buffer'
import { StackError } from '../../errors/index.ts'
import type { Adoptions } from './adoptions.ts'
import { Arrival } from './arrival.ts'
import type { Home } from './directory.ts'
import type { GoneFrame, PartFrame } from './frames.ts'
import type { Moving } from './moving.ts'
import { QUIET, REASON, STAGE } from './moving.ts'
import { giveRecord, sessionIn } from './moving-records.ts'
import { passInbox } from './pass-inbox.ts'
import { Cut } from './residence.ts'

/** What became of a pull. */
export type Pulled =
  /** All of it has come, and is staged to the disk. */
  'complete' | (typeof REASON)[keyof typeof REASON]

/** A session that this node has asked another one for. */
export class Pull {
  readonly home: Home
  readonly #moving: Moving
  readonly #clientId: string
  /** By which both know it. */
  readonly #number: number
  /** Nodes that are dead: what they had meant to send comes to both before the marks of the others. */
  #quiet: ReadonlySet<string> = new Set()
  readonly #adoptions: Pick<Adoptions, 'quiet'>
  /** Nodes that are asked for a mark. */
  #asked: ReadonlySet<string> = new Set()
  #isCounted = false
  #isComplete = false
  #arrival: Arrival | undefined
  /** Whose messages the session does not take yet. */
  #cut: Cut | undefined
  #end!: (pulled: Pulled) => void
  readonly pulled: Promise<Pulled>
  /** When something has come of it last, by the stack's clock (ms). */
  movedAt: number

  constructor(
    moving: Moving,
    clientId: string,
    home: Home,
    number: number,
    adoptions: Pick<Adoptions, 'quiet'>,
  ) {
    this.home = home
    this.#moving = moving
    this.#clientId = clientId
    this.#number = number
    this.#adoptions = adoptions
    this.movedAt = moving.parts.stack.clock.now()
    this.pulled = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  begin(identity: string | undefined, cleanStart: boolean): void {
    const { node, tenure } = this.home
    const clientId = this.#clientId
    this.#moving.node.sender.send(node, {
      kind: 'pull',
      clientId,
      pull: this.#number,
      tenure,
      identity,
      cleanStart,
    })
  }

  gone({ reason }: GoneFrame): void {
    this.#end(reason as Pulled)
  }

  /** What this node sends from now on comes here too. */
  mark(node: string): void {
    this.#cut?.mark(node)
    this.#judge()
  }

  /** What it had sent to the session's home alone nobody can tell, unless it has marked. */
  dead(node: string): void {
    const isMissing = this.#asked.has(node) && this.#cut?.waitsFor(node) === true
    if (node === this.home.node || isMissing) this.giveUp()
  }

  /** A node that was dead is back, or another one of its name: what it sends now comes here too. */
  joined(node: string): void {
    if (!this.#quiet.has(node)) return
    if (this.#isComplete) this.#cut?.mark(node)
    else this.giveUp()
  }

  /** @param again What was staged of it could not be committed. */
  take({ stage, records, last }: PartFrame, again: boolean): void {
    this.movedAt = this.#moving.parts.stack.clock.now()
    try {
      // What the other one wants here has a number of its own.
      if (stage === STAGE.counted) return
      if (again) this.#end(REASON.givenUp)
      else if (stage === STAGE.first) this.#takeFirst(records, last)
      else if (this.#arrival?.isThere === true) this.#goOn(this.#arrival, records, last)
      else this.#end(REASON.givenUp)
    } catch (error) {
      const fields = { clientId: this.#clientId, cause: (error as Error).message }
      this.#moving.parts.stack.log.event('session.not-taken', fields, error as Error)
      this.#end(REASON.givenUp)
    }
  }

  /** Whether it is at home here is written down now. */
  decide(isUndecided: boolean): void {
    if (this.#arrival !== undefined) this.#arrival.isUndecided = isUndecided
  }

  /** It is at home here: answers false where it has ended meanwhile. */
  settle(home: Home): boolean {
    const arrival = this.#arrival
    this.#moving.cuts.end(this.#cut)
    this.#tellHome('moved')
    if (arrival?.isThere !== true) return false
    arrival.settle(home)
    return true
  }

  /** Nothing comes of it; unless it is being written down that the session is here: then that counts, whatever happens meanwhile. */
  giveUp(): void {
    this.#end(REASON.givenUp)
    if (this.#arrival?.isUndecided === true) return
    this.#arrival?.giveUp()
    this.#arrival = undefined
    this.#moving.cuts.end(this.#cut)
    this.#tellHome('gone')
  }

  #tellHome(kind: 'moved' | 'gone'): void {
    const { sender } = this.#moving.node
    const what = { clientId: this.#clientId, pull: this.#number }
    if (kind === 'moved') sender.send(this.home.node, { kind, ...what })
    else sender.send(this.home.node, { kind, ...what, reason: REASON.givenUp })
  }

  #takeFirst(records: readonly Uint8Array[], last: boolean): void {
    // It was begun, and given up.
    if (this.#arrival === undefined && this.#cut !== undefined) return
    const arrival = this.#arrival ?? this.#begin(records[0])
    const rest = this.#arrival === undefined ? records.slice(1) : records
    this.#arrival = arrival
    if (arrival.isThere) for (const record of rest) giveRecord(record, arrival)
    else this.#end(REASON.givenUp)
    if (last && arrival.isThere) this.#ask()
  }

  #begin(first: Uint8Array): Arrival {
    const { parts, disk, cuts } = this.#moving
    if (parts.sessions.get(this.#clientId) !== undefined)
      throw new StackError('STORE_FAILED', 'there is another one of its name')
    const session = sessionIn(first)
    const cut = new Cut(this.#number)
    this.#cut = cut
    cuts.begin(cut)
    return new Arrival(parts, disk, session, { ceiling: session.sequences, cut })
  }

  /** All filters are here: from their marks on nodes send here what matches them. */
  #ask(): void {
    const { routes, peers, store } = this.#moving.node
    const { node } = this.home
    // Somebody may have died since the session was asked for.
    const quiet = this.#adoptions.quiet()
    if (quiet === undefined) {
      this.#end(REASON.givenUp)
      return
    }
    this.#quiet = quiet
    const nodes = new Set([...peers.live, store.node])
    this.#cut?.ask([...nodes, ...quiet])
    this.#asked = nodes
    routes.announce([], [node, store.node], [], this.#number).catch(() => this.#end(REASON.givenUp))
  }

  /** When all have marked, and all is here that was sent before, the session's home is told whose marks it waits for. */
  #judge(): void {
    const cut = this.#cut
    if (cut === undefined || this.#isCounted || this.#asked.size === 0) return
    for (const node of this.#asked) if (cut.waitsFor(node)) return
    this.#isCounted = true
    if (this.#quiet.size === 0) this.#count()
    else
      passInbox(this.#moving, () => this.#check()).then(
        () => this.#count(),
        () => this.#end(REASON.givenUp),
      )
  }

  #count(): void {
    const { sender } = this.#moving.node
    const what = { clientId: this.#clientId, pull: this.#number, stage: STAGE.counted, last: true }
    const names = [...this.#asked, ...[...this.#quiet].map((name) => QUIET + name)]
    sender.send(this.home.node, { kind: 'part', ...what, records: names.map((name) => Buffer.from(name)) })
  }

  #check(): void {
    if (this.#cut === undefined || this.#arrival === undefined)
      throw new StackError('STORE_CLOSED', 'nobody wants the session any more')
  }

  #goOn(arrival: Arrival, records: readonly Uint8Array[], last: boolean): void {
    for (const record of records) giveRecord(record, arrival)
    if (last) arrival.stage()
    this.#moving.disk.commits.commit().then(
      () => {
        if (!last) return
        this.#isComplete = arrival.isThere
        this.#end(arrival.isThere ? 'complete' : REASON.givenUp)
      },
      () => this.#end(REASON.givenUp),
    )
  }
}
