import type { Client, Context, Store } from '../contract/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Steps } from '../time/index.ts'
import type { Disk } from './disk/disk.ts'
import { endOf } from './end-of.ts'
import type { Logs } from './logs.ts'
import { OneByOne } from './one-by-one.ts'
import { quotaOf } from './owner-quota.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'
import type { SessionWills } from './session-wills.ts'

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
    const { sessions, disk } = this.#parts
    let line = this.#lines.get(clientId)
    // Most are alone, and done at once.
    const isAlone = line === undefined && disk === undefined && sessions.get(clientId)?.client === undefined
    if (isAlone) return yield* this.#openNow(ctx, store)
    if (line === undefined) {
      line = new OneByOne()
      this.#lines.set(clientId, line)
    }
    try {
      yield* line.run(this.#openNow(ctx, store))
    } finally {
      if (line.isFree && this.#lines.get(clientId) === line) this.#lines.delete(clientId)
    }
  }

  *#openNow(ctx: Context<'openSession'>, store: Store<'openSession'>): Steps {
    const { clientId, identity } = ctx
    for (;;) {
      // Nobody would close it: the client went while it waited, or it was given up.
      if (ctx.client.closed) {
        store.refused = ReasonCode.UNSPECIFIED_ERROR
        return
      }
      const { sessions, stack } = this.#parts
      const known = sessions.get(clientId)
      const waiting = known?.will
      const record = sessions.living(clientId, stack.clock.now())
      if (known !== undefined && record === undefined) store.ended = true
      if (record !== undefined && record.identity !== identity) {
        store.refused = ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
        store.reason = 'the session of this client identifier is somebody else’s'
        return
      }
      // Found free and opened without a wait in between: of several who want it one is the first.
      if (record?.client === undefined) {
        yield* this.#claim(ctx, store, record)
        // The will of a session that ended here is published before this client is answered.
        if (store.ended === true && waiting !== undefined) yield this.#wills.fetch(waiting)
        return
      }
      yield* this.#takeOver(record, record.client)
    }
  }

  /** Goes on when the session's connection is closed and settled. */
  *#takeOver(record: SessionRecord, client: Client): Steps {
    const { clientId, epoch } = record
    yield this.#parts.stack.run('sessionTakenOver', { clientId, epoch, client }, {})
    if (this.#parts.sessions.get(clientId) !== record || record.client !== client) return
    // Without a connection middleware nobody has closed it.
    client.close(ReasonCode.SESSION_TAKEN_OVER)
    record.leave()
    if (!record.stored) this.#parts.sessions.remove(record)
  }

  *#claim(ctx: Context<'openSession'>, store: Store<'openSession'>, found: SessionRecord | undefined): Steps {
    const disk = this.#parts.disk
    const resumed = ctx.cleanStart ? undefined : found
    const wasKept = (found?.id ?? 0) !== 0
    if (found !== resumed && found !== undefined) {
      this.#parts.sessions.remove(found)
      store.ended = true
    }
    if (resumed === undefined && this.#isFull(ctx.expiryInterval > 0)) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = 'there is no room for another session'
      return
    }
    const reason = quotaOf(this.#parts.stack.ledger, ctx, resumed !== undefined)
    if (reason !== undefined) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = reason
      return
    }
    const record = this.#parts.sessions.open(ctx, resumed)
    if (record === undefined) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      store.reason = 'there is no memory for another session'
      return
    }
    store.present = resumed !== undefined
    store.epoch = record.epoch
    this.#wills.keep(record, ctx.will)
    if (disk !== undefined) yield* this.#write(disk, record, ctx.client, wasKept)
    store.inboundIds = record.state === undefined ? [] : record.state.inbound.list()
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
    this.#parts.subscriptions.clear(record)
    if (record.stored) this.#logs.handOn(record, true)
    this.#wills.release(record)
    const { disk, sessions } = this.#parts
    disk?.removeSession(record, () => (sessions.get(record.clientId)?.id ?? 0) !== 0)
    record.end()
  }
}
