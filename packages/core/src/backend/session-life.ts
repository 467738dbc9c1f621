import type { Client, Context, Store } from '../contract/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Steps } from '../time/index.ts'
import { bounded } from '../time/index.ts'
import type { Disk } from './disk/disk.ts'
import { endOf } from './end-of.ts'
import type { Logs } from './logs.ts'
import { OneByOne } from './one-by-one.ts'
import { quotaOf } from './owner-quota.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'
import type { SessionWills } from './session-wills.ts'
import type { Home } from './shared/directory.ts'
import type { Found } from './shared/pulls.ts'
import { Residence } from './shared/residence.ts'
import type { SharedNode } from './shared/shared-node.ts'
import type { WillRecord } from './wills.ts'

/** The part of `sessions` that may be ones that outlive their connection. */
const STORED_AT_MOST = 15 / 16

/** How sessions are opened, closed and ended. */
export class SessionLife {
  readonly #parts: Parts
  readonly #wills: SessionWills
  readonly #logs: Logs
  /** By client identifier: who is opening its session. */
  readonly #lines = new Map<string, OneByOne>()

  constructor(parts: Parts, wills: SessionWills, logs: Logs) {
    this.#parts = parts
    this.#wills = wills
    this.#logs = logs
  }

  /**
   * Opens the session once nobody else is connected to it. Of several who want it each waits for those that came before
   * it: the last one has it in the end.
   */
  *open(ctx: Context<'openSession'>, store: Store<'openSession'>): Steps {
    const { clientId } = ctx
    const { sessions, disk, shared } = this.#parts
    // Most are alone, and done at once.
    const isAlone =
      disk === undefined && !this.#lines.has(clientId) && sessions.get(clientId)?.client === undefined
    if (isAlone) yield* this.#openNow(ctx, store)
    else
      yield* this.alone(
        clientId,
        shared === undefined ? this.#openNow(ctx, store) : this.#openAmongNodes(shared, ctx, store),
      )
  }

  /** Those whose time is over. */
  lookupExpired(
    { now, limit }: Context<'lookupExpiredSessions'>,
    store: Store<'lookupExpiredSessions'>,
  ): void {
    for (const { clientId, epoch } of this.#parts.sessions.due(now, limit)) store.push({ clientId, epoch })
  }

  *#openAmongNodes({ moves }: SharedNode, ctx: Context<'openSession'>, store: Store<'openSession'>): Steps {
    try {
      yield* this.#openNow(ctx, store)
    } finally {
      moves.made(ctx.clientId)
    }
  }

  /** Works on the session of a client identifier when those who came before are done; who comes behind waits. */
  *alone(clientId: string, work: Steps): Steps {
    let line = this.#lines.get(clientId)
    if (line === undefined) {
      line = new OneByOne()
      this.#lines.set(clientId, line)
    }
    try {
      yield* line.run(work)
    } finally {
      if (line.isFree && this.#lines.get(clientId) === line) this.#lines.delete(clientId)
    }
  }

  *#openNow(ctx: Context<'openSession'>, store: Store<'openSession'>): Steps {
    const { clientId, identity } = ctx
    const { sessions, stack, shared } = this.#parts
    /** Where several nodes are one service: that a new session is this one's to make. */
    let home: Home | undefined
    let waiting: WillRecord | undefined
    for (;;) {
      // Nobody would close it: the client went while it waited, or it was given up.
      if (ctx.client.closed) {
        store.refused = ReasonCode.UNSPECIFIED_ERROR
        if (home !== undefined) shared?.moves.release(clientId, home)
        return
      }
      const known = sessions.get(clientId)
      waiting = known?.will ?? waiting
      const record = sessions.living(clientId, stack.clock.now())
      if (known !== undefined && record === undefined) store.ended = true
      if (shared !== undefined && home === undefined && !isAtHome(record)) {
        home = yield* this.#find(ctx, store)
        if (store.refused !== undefined) return
        continue
      }
      if (record !== undefined && record.identity !== identity) {
        refuseForeign(store)
        return
      }
      // Found free and opened without a wait in between: of several who want it one is the first.
      if (record?.client === undefined) {
        yield* this.#claim(ctx, store, record, home)
        // The will of a session that ended here is published before this client is answered.
        if (store.ended === true && waiting !== undefined) yield this.#wills.fetch(waiting)
        return
      }
      yield* this.disconnect(record, record.client)
    }
  }

  /** Brings a session here that is at home at another node; answers the home of one that is to be made here. */
  *#find(
    { client, clientId, identity, cleanStart }: Context<'openSession'>,
    store: Store<'openSession'>,
  ): Steps<Home | undefined> {
    let found: Found | undefined
    const wanting = { clientId, identity, cleanStart, isOver: () => client.closed }
    // It has a bound of its own, and so has what is done with its answer.
    const finding = this.#parts.shared?.moves.find(wanting).then((answer) => {
      found = answer
    })
    yield finding && bounded(finding)
    if (found?.ended === true) store.ended = true
    if (found?.refused === 'foreign') refuseForeign(store)
    else if (found?.refused !== undefined) {
      store.refused = ReasonCode.SERVER_UNAVAILABLE
      store.reason =
        found.refused === 'unknown'
          ? 'the store does not say which node has the session of this client identifier, or takes no new one'
          : 'the node that has the session of this client identifier does not answer'
    }
    return found?.home
  }

  /** Goes on when the session's connection is closed and settled. */
  *disconnect(record: SessionRecord, client: Client): Steps {
    const { clientId, epoch } = record
    yield this.#parts.stack.run('sessionTakenOver', { clientId, epoch, client }, {})
    if (this.#parts.sessions.get(clientId) !== record || record.client !== client) return
    // Without a connection middleware nobody has closed it.
    client.close(ReasonCode.SESSION_TAKEN_OVER)
    record.leave()
    if (!record.stored) this.#parts.sessions.remove(record)
  }

  *#claim(
    ctx: Context<'openSession'>,
    store: Store<'openSession'>,
    found: SessionRecord | undefined,
    made: Home | undefined,
  ): Steps {
    const { disk, shared } = this.#parts
    const resumed = ctx.cleanStart ? undefined : found
    const wasKept = (found?.id ?? 0) !== 0
    const home = made ?? found?.residence?.home
    if (found !== resumed && found !== undefined) {
      // A new one takes its place: it stays at home here.
      found.residence = undefined
      this.#parts.sessions.remove(found)
      store.ended = true
    }
    const record = this.#make(ctx, store, resumed)
    if (record === undefined) {
      if (home !== undefined && resumed === undefined) shared?.moves.release(ctx.clientId, home)
      return
    }
    if (home !== undefined) record.residence ??= new Residence(home)
    store.present = resumed !== undefined
    store.epoch = record.epoch
    this.#wills.keep(record, ctx.will)
    if (disk !== undefined) yield* this.#write(disk, record, ctx.client, wasKept)
    store.inboundIds = record.state === undefined ? [] : record.state.inbound.list()
  }

  /** Nothing where there may not be another one. */
  #make(
    ctx: Context<'openSession'>,
    store: Store<'openSession'>,
    resumed: SessionRecord | undefined,
  ): SessionRecord | undefined {
    if (resumed === undefined && this.#isFull(ctx.expiryInterval > 0)) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = 'there is no room for another session'
      return undefined
    }
    const reason = quotaOf(this.#parts.stack.ledger, ctx, resumed !== undefined)
    if (reason !== undefined) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = reason
      return undefined
    }
    const record = this.#parts.sessions.open(ctx, resumed)
    if (record === undefined) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = 'there is no memory for another session'
      return undefined
    }
    return record
  }

  /** A session that was claimed becomes durable, behind all that was staged for older epochs. */
  *#write(disk: Disk, record: SessionRecord, client: Client, wasKept: boolean): Steps {
    const reserved = disk.reserveEpoch(this.#parts.sessions.nextEpoch)
    const isKept = record.stored || record.will !== undefined
    if (isKept) disk.putSession(record)
    if (record.will !== undefined) disk.putWill(record.will, record)
    try {
      if (isKept || wasKept) yield disk.commits.commit()
      else if (reserved !== undefined) yield reserved
    } catch (error) {
      // Nobody has the session: it is as if it had not been asked for.
      if (record.client === client) {
        this.#wills.arm(record, undefined, false)
        record.leave()
        if (record.epoch === record.firstEpoch) this.#parts.sessions.remove(record)
        else this.#parts.sessions.leave(record, endOf(record.expiryInterval, this.#parts.stack.clock.now()))
      }
      throw error
    }
  }

  /** The last places are for sessions that end with their connection, so that nobody is kept out by who is gone. */
  #isFull(stored: boolean): boolean {
    const { sessions } = this.#parts.bounds
    return (
      this.#parts.sessions.size >= sessions ||
      (stored && this.#parts.sessions.stored >= Math.ceil(sessions * STORED_AT_MOST))
    )
  }

  close(ctx: Context<'closeSession'>, store: Store<'closeSession'>): void | Promise<void> {
    const record = this.#parts.sessions.current(ctx)
    this.#wills.arm(record, ctx.willDue, record.client?.connected === true)
    record.leave()
    record.expiryInterval = ctx.expiryInterval
    store.ended = ctx.expiryInterval === 0
    const isKept = record.id !== 0
    if (store.ended) this.#parts.sessions.remove(record)
    else {
      this.#parts.sessions.leave(record, endOf(ctx.expiryInterval, this.#parts.stack.clock.now()))
      if (isKept) {
        this.#parts.disk?.putSession(record)
        this.#logs.letGo(record)
      }
      if (this.#parts.bounds.shareOnDisconnect) this.#logs.handOn(record, false)
    }
    if (!isKept) return
    if (record.will === undefined) return this.#parts.disk?.commits.commit()
    return this.#parts.disk?.commits.commit(() => this.#wills.letGo(record))
  }

  /** A session is over, or a connection without one. */
  forget(record: SessionRecord): void {
    const { disk, sessions, shared } = this.#parts
    const { residence } = record
    this.#parts.subscriptions.clear(record)
    // What another node has is its to hand on.
    const isOver = residence?.departed !== true
    if (isOver && record.stored) this.#logs.handOn(record, true)
    if (isOver) this.#wills.release(record)
    else this.#wills.arm(record, undefined, true)
    if (isOver && residence?.home !== undefined) shared?.moves.release(record.clientId, residence.home)
    disk?.removeSession(record, () => (sessions.get(record.clientId)?.id ?? 0) !== 0)
    record.end()
  }
}

/** Whether it is there, and not on its way here. */
function isAtHome(record: SessionRecord | undefined): boolean {
  return record?.residence?.home !== undefined
}

function refuseForeign(store: Store<'openSession'>): void {
  store.refused = ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
  store.reason = 'the session of this client identifier is somebody else’s'
}
