import { Buffer } from 'node:buffer'
import { shareOf } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Steps } from '../../time/index.ts'
import { bounded, proceed } from '../../time/index.ts'
import type { SessionRecord } from '../session-record.ts'
import type { PartFrame, PullFrame } from './frames.ts'
import { HandOver } from './hand-over.ts'
import type { Moving } from './moving.ts'
import { QUIET, REASON, restBeforeAsking, STAGE } from './moving.ts'
import { passInbox } from './pass-inbox.ts'
import { firstRecords, lastRecords } from './session-export.ts'
import { Slots } from './slots.ts'

/** Whoever wants a session and is alive has so many leases for it. */
const LEASES = 4

/** Of so many sessions a page is on its way at a time. */
const AT_ONCE = 16

/** Gives sessions of this node to others who ask for them. */
export class HandOvers {
  readonly #moving: Moving
  readonly #active = new Set<HandOver>()
  readonly #slots = new Slots(AT_ONCE)
  #closed = false

  constructor(moving: Moving) {
    this.#moving = moving
    const { parts } = moving
    const { inbox, peers } = moving.node
    inbox.on('pull', (frame, { from }) => {
      parts.stack.background(() => this.#answer(from, frame))
    })
    inbox.on('part', (frame, { from }) => this.#takePart(from, frame))
    inbox.on('moved', ({ pull }, { from }) => this.#find(from, pull)?.end(true))
    inbox.on('gone', ({ pull, reason }, { from }) => {
      if (reason === REASON.givenUp) this.#find(from, pull)?.end(false)
    })
    inbox.on('mark', ({ owner, tag }, { from }) => {
      const handOver = tag === 0 ? undefined : this.#find(owner, tag)
      handOver?.mark(from)
      this.#judge()
    })
    peers.on({ dead: () => this.#judge() })
  }

  /** No session is on its way to another node. */
  get isEmpty(): boolean {
    return this.#active.size === 0
  }

  /** A message of a node, which may be this one, is about to come into the logs. */
  note(origin: string, messageId: number): void {
    for (const handOver of this.#active) handOver.note(origin, messageId)
  }

  close(): void {
    this.#closed = true
    for (const handOver of this.#active) handOver.end(false)
  }

  #find(to: string, pull: number): HandOver | undefined {
    for (const handOver of this.#active) if (handOver.to === to && handOver.pull === pull) return handOver
    return undefined
  }

  #judge(): void {
    const { peers, store } = this.#moving.node
    for (const handOver of this.#active) {
      if (!this.#isThere(handOver.to)) handOver.end(false)
      else if (!handOver.judge((node) => node === store.node || peers.live.has(node))) this.#fail(handOver)
    }
  }

  /** The other one asks for it again, when it knows what has become of all nodes. */
  #fail(handOver: HandOver): void {
    const { to, pull, record } = handOver
    handOver.end(false)
    this.#gone(to, { clientId: record.clientId, pull }, REASON.givenUp)
  }

  #isThere(node: string): boolean {
    return this.#moving.node.peers.live.has(node)
  }

  #takePart(from: string, { pull, stage, records }: PartFrame): void {
    if (stage !== STAGE.counted) return
    const names = records.map((name) => Buffer.from(name).toString())
    const quiet = names.filter((name) => name.startsWith(QUIET)).map((name) => name.slice(QUIET.length))
    const asked = names.filter((name) => !name.startsWith(QUIET))
    this.#find(from, pull)?.count(asked, quiet)
    this.#judge()
  }

  /** Whether the session is here in this tenure: what has another one is the business of another time. */
  #has(clientId: string, tenure: number): boolean {
    const { home, departed } = this.#moving.parts.sessions.get(clientId)?.residence ?? {}
    return home?.tenure === tenure && departed !== true
  }

  /**
   * What is said of a session that is not here in this tenure. The directory may have it here before this node knows, whose answer is on
   * its way: while it arrives, is to be made, or stays in a later tenure. Then it is to be asked for again; as absent it would be made anew.
   */
  #missing(clientId: string, tenure: number): string {
    const { making, parts } = this.#moving
    if (making.has(clientId)) return REASON.givenUp
    const { residence } = parts.sessions.get(clientId) ?? {}
    if (residence === undefined || residence.departed) return REASON.absent
    const { home } = residence
    return home === undefined || home.tenure < tenure ? REASON.givenUp : REASON.absent
  }

  async #answer(from: string, frame: PullFrame): Promise<void> {
    const { keeper, parts } = this.#moving
    const { clientId, tenure } = frame
    // Whoever opens it here may be waiting for an answer itself: of a session that it does not have yet.
    if (!this.#has(clientId, tenure)) return this.#gone(from, frame, this.#missing(clientId, tenure))
    try {
      await proceed(keeper.alone(frame.clientId, this.#hand(from, frame)))
    } catch (error) {
      this.#gone(from, frame, REASON.givenUp)
      const fields = { clientId: frame.clientId, cause: (error as Error).message }
      parts.stack.log.event('session.not-handed-over', fields, error as Error)
    }
  }

  *#hand(from: string, frame: PullFrame): Steps {
    const { parts, keeper, disk } = this.#moving
    const { sessions, stack, bounds } = parts
    const { clientId, tenure, identity, cleanStart, pull } = frame
    for (;;) {
      const record = sessions.living(clientId, stack.clock.now())
      const home = record?.residence?.home
      if (record === undefined || home === undefined || !this.#has(clientId, tenure))
        return this.#gone(from, frame, this.#missing(clientId, tenure))
      if (record.identity !== identity) return this.#gone(from, frame, REASON.foreign)
      if (record.client !== undefined) {
        yield* keeper.disconnect(record, record.client)
        continue
      }
      if (cleanStart) {
        sessions.remove(record)
        yield disk.commits.commit()
        return this.#gone(from, frame, REASON.ended)
      }
      yield disk.commits.settled()
      const handOver = new HandOver(record, home, from, pull, bounds.sessionMessages)
      return yield bounded(this.#run(handOver))
    }
  }

  #gone(to: string, { clientId, pull }: Pick<PullFrame, 'clientId' | 'pull'>, reason: string): void {
    this.#moving.node.sender.send(to, { kind: 'gone', clientId, pull, reason })
  }

  async #run(handOver: HandOver): Promise<void> {
    const { clock } = this.#moving.parts.stack
    const { record } = handOver
    this.#active.add(handOver)
    const timer = clock.after(LEASES * this.#moving.node.store.lease, () => handOver.end(false))
    let resume = (): void => {}
    try {
      if (!this.#isThere(handOver.to)) handOver.end(false)
      await this.#sendFirst(handOver)
      if (await handOver.ready) {
        if (handOver.hasQuiet) await passInbox(this.#moving, () => this.#check(handOver))
        resume = this.#seal(record)
        await this.#moving.disk.commits.settled()
        await this.#sendLast(handOver)
      }
      if (await handOver.moved) this.#leave(record)
      else await this.#keep(handOver, resume)
    } catch (error) {
      await this.#keep(handOver, resume)
      throw error
    } finally {
      timer.cancel()
      this.#active.delete(handOver)
    }
  }

  #check({ to }: HandOver): void {
    if (this.#closed || !this.#isThere(to))
      throw new StackError('STORE_FAILED', `${to} is not there any more`)
  }

  #sendFirst(handOver: HandOver): Promise<void> {
    const { record, ceiling, to, pull } = handOver
    const { sender } = this.#moving.node
    const what = { kind: 'part', clientId: record.clientId, pull, stage: STAGE.first } as const
    const pages = firstRecords(record, this.#moving.disk, ceiling)
    let page = pages.next()
    return this.#slots.run(async () => {
      while (page.done !== true && !handOver.isOver) {
        const records = page.value
        page = pages.next()
        const sent = sender.send(to, { ...what, last: page.done === true, records })
        if (page.done !== true) await sent
      }
    })
  }

  /** Of all sessions together little is in memory, and on its way: no message waits behind much of them, and none is refused for it. */
  async #sendLast(handOver: HandOver): Promise<void> {
    const { sender } = this.#moving.node
    const { record, to, pull } = handOver
    const what = { kind: 'part', clientId: record.clientId, pull, stage: STAGE.last } as const
    const pages = lastRecords(record, this.#moving.disk, handOver.gives.bind(handOver))
    let isWhole = false
    while (!isWhole && !handOver.isOver)
      await this.#slots.run(async () => {
        const { done, value } = await pages.next()
        isWhole = done === true
        if (!isWhole) await sender.send(to, { ...what, last: false, records: value ?? [] })
      })
    if (isWhole) void sender.send(to, { ...what, last: true, records: [] })
  }

  /** Nothing becomes of the session here any more. Answers what makes it as it was. */
  #seal(record: SessionRecord): () => void {
    const { subscriptions, sessions, wills, stack } = this.#moving.parts
    const { will } = record
    const shared = [...subscriptions.of(record)].filter(({ topic }) => shareOf(topic) !== undefined)
    for (const { topic } of shared) subscriptions.remove(record, topic)
    if (will !== undefined) wills.unqueue(will)
    sessions.hold(record)
    return () => {
      for (const one of shared) subscriptions.restore(record, { share: shareOf(one.topic), ...one }, one.qos)
      if (will !== undefined) wills.queue(will, will.dueAt, stack.clock.now())
      sessions.leave(record, record.expiresAt)
    }
  }

  /** The other one has it. */
  #leave(record: SessionRecord): void {
    if (record.residence !== undefined) record.residence.departed = true
    if (this.#moving.parts.sessions.get(record.clientId) === record)
      this.#moving.parts.sessions.remove(record)
  }

  /** It stays here, unless the other one has it after all: one of the two is written down. */
  async #keep({ record, home }: HandOver, resume: () => void): Promise<void> {
    const { directory } = this.#moving
    const { store } = this.#moving.node
    const { clientId } = record
    const rest = (): Promise<void> => restBeforeAsking(this.#moving, () => this.#closed)
    const taken = await directory.takeForSure(clientId, home, rest).catch(() => home)
    // This node stops, and with it all that is in memory.
    if (taken === home) return
    if (typeof taken !== 'number') {
      this.#leave(record)
      return
    }
    if (record.residence !== undefined) record.residence.home = { node: store.node, tenure: taken }
    record.ensureState().log.limit = Number.POSITIVE_INFINITY
    resume()
  }
}
