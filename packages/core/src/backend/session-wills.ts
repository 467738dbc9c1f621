import type { Client, Context, SessionContext, Store, Will } from '../contract/index.ts'
import type { Publish } from '../packets/index.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'
import { WillRecord } from './wills.ts'

/** What becomes of the will of a session. */
export class SessionWills {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** A session is opened with this will. An earlier one that waits is put aside, until it is known whether it was resumed. */
  keep(record: SessionRecord, will: Will | undefined): void {
    const { wills } = this.#parts
    const { will: last } = record
    if (last !== undefined) {
      const waits = last.dueAt !== Number.POSITIVE_INFINITY && record.earlierWill === undefined
      if (!waits) this.#drop(last)
      else {
        wills.unqueue(last)
        record.earlierWill = last
      }
    }
    record.will = undefined
    if (will === undefined) return
    const { clientId, identity, epoch, account } = record
    const publisher = { clientId, identity, account }
    // Not all of what somebody gave: it may have an account of its own.
    const { packet, delay } = will
    record.will = new WillRecord({ clientId, epoch, packet, delay, publisher, account, session: record })
    wills.add(record.will)
  }

  /** The session was resumed: the will that waited is not published any more [MQTT-3.1.3-9]. */
  resume(client: Client): void | Promise<void> {
    const record = this.#parts.sessions.peek(client)
    const earlier = record?.earlierWill
    if (record === undefined || earlier === undefined || record.client !== client) return
    record.earlierWill = undefined
    this.#drop(earlier)
    return this.#parts.disk?.commits.commit()
  }

  /**
   * The connection is over: the will waits from now on, or there is none any more. A connection that was never accepted
   * has changed nothing: an earlier will waits on.
   * @param accepted Whether it was.
   */
  arm(record: SessionRecord, dueAt: number | undefined, accepted: boolean): void {
    const { wills } = this.#parts
    const now = this.#parts.stack.clock.now()
    const { will, earlierWill } = record
    record.earlierWill = undefined
    if (earlierWill !== undefined && !accepted) {
      if (will !== undefined) this.#drop(will)
      record.will = earlierWill
      wills.queue(earlierWill, earlierWill.dueAt, now)
      return
    }
    if (earlierWill !== undefined) this.#drop(earlierWill)
    if (will === undefined) return
    if (dueAt !== undefined) wills.queue(will, dueAt, now)
    else {
      record.will = undefined
      this.#drop(will)
    }
  }

  /** All of it is durable: the message of a will that waits goes from memory. */
  letGo({ client, will }: SessionRecord): void {
    if (client === undefined && will !== undefined && will.sessionId !== 0) will.letGo()
  }

  /** The session is over: nobody can come back any more [MQTT-3.1.2-8]. */
  release(record: SessionRecord): void {
    const { will, earlierWill } = record
    if (earlierWill !== undefined) this.#orphan(earlierWill)
    if (will !== undefined) this.#orphan(will)
    record.earlierWill = undefined
    record.will = undefined
  }

  /** A disk finds it by its session, which goes in the same commit: what has none is due. */
  #orphan(will: WillRecord): void {
    if (will.dueAt === Number.POSITIVE_INFINITY) {
      this.#drop(will)
      return
    }
    const now = this.#parts.stack.clock.now()
    will.session = undefined
    this.#parts.wills.queue(will, now, now)
  }

  /** Has the message of a will at hand, for whoever looks it up next. */
  async fetch(will: WillRecord): Promise<void> {
    if (will.packet !== undefined) return
    const packet = await this.#read(will)
    if (packet !== undefined) will.take(packet)
  }

  /** Adds its message, which stays where it is, to a list; none that was removed meanwhile. */
  read(will: WillRecord, found: Publish[]): void | Promise<void> {
    if (will.packet === undefined) return this.#readInto(will, found)
    found.push(will.packet)
  }

  async #readInto(will: WillRecord, found: Publish[]): Promise<void> {
    const packet = await this.#read(will)
    if (packet !== undefined) found.push(packet)
  }

  /** Its message, from the disk; none where it was removed meanwhile, or cannot be read, which is told. */
  async #read(will: WillRecord): Promise<Publish | undefined> {
    const { disk, stack, wills } = this.#parts
    try {
      const packet = await disk?.readWill(will)
      return wills.get(will) === will ? packet : undefined
    } catch (error) {
      stack.fail(error as Error, undefined, undefined)
      return undefined
    }
  }

  /** Claims those that are due. What cannot be read now is due again. */
  lookup(ctx: Context<'lookupDueWills'>, store: Store<'lookupDueWills'>): void | Promise<void> {
    const absent: WillRecord[] = []
    for (const will of this.#parts.wills.due(ctx)) {
      if (will.packet === undefined) absent.push(will)
      else store.push(will.with(will.packet))
    }
    if (absent.length > 0) return this.#readAll(absent, store)
  }

  async #readAll(wills: readonly WillRecord[], store: Store<'lookupDueWills'>): Promise<void> {
    for (const will of wills) {
      const packet = await this.#read(will)
      if (packet !== undefined) store.push(will.with(packet))
    }
  }

  /** A will is relayed, or is not to be: it goes, in one unit with what else is staged in this turn. */
  remove(opening: SessionContext): void | Promise<void> {
    const { disk, wills } = this.#parts
    const will = wills.get(opening)
    if (will === undefined) return
    const { session } = will
    if (session?.will === will) session.will = undefined
    if (session?.earlierWill === will) session.earlierWill = undefined
    wills.remove(will)
    if (disk === undefined || will.sessionId === 0) return
    disk.removeWill(will)
    return disk.commits.commit(undefined, () => this.#putBack(will))
  }

  /** It could not be written that it goes. */
  #putBack(will: WillRecord): void {
    const { wills, stack } = this.#parts
    const { session } = will
    wills.add(will)
    if (session !== undefined && session.will === undefined) session.will = will
    else will.session = undefined
    if (will.dueAt === Number.POSITIVE_INFINITY) return
    const now = stack.clock.now()
    wills.queue(will, Math.max(will.dueAt, now), now)
  }

  #drop(will: WillRecord): void {
    this.#parts.wills.remove(will)
    if (will.sessionId !== 0) this.#parts.disk?.dropWill(will)
  }
}
