import type { Context, DueWill, Publisher, Will } from '../contract/index.ts'
import { nextMessageId } from '../contract/index.ts'
import type { Account } from '../memory/index.ts'
import type { Publish } from '../packets/index.ts'
import { WILL_COST } from './costs.ts'
import type { SessionRecord } from './session-record.ts'

/** What a will is restored from. */
export type WillInit = Pick<WillRecord, 'id' | 'packet' | 'delay' | 'publisher' | 'account'>

/** The will of a session, with its connection or behind it. */
export class WillRecord implements DueWill {
  readonly id: number
  readonly packet: Publish
  /** Seconds between the end of the connection and its publication. */
  readonly delay: number
  readonly publisher: Publisher
  readonly account: Account
  /** When it is due, by the stack's clock (ms); infinity while its connection is there. */
  dueAt: number = Number.POSITIVE_INFINITY
  /** Its session is over: nobody can come back to it. */
  orphan = false
  /** Somebody is about to relay it. */
  claimed = false
  /** It is counted here; while its connection is there lastwill counts it. */
  counted = false

  constructor({ id, packet, delay, publisher, account }: WillInit) {
    this.id = id
    this.packet = packet
    this.delay = delay
    this.publisher = publisher
    this.account = account
  }
}

/** Wills of sessions: with each one's record, and by the time when they are due. */
export class Wills {
  readonly #waiting = new Map<number, WillRecord>()
  /** None is due before. */
  #nextDue: number = Number.POSITIVE_INFINITY

  /** How many wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** A session is opened with this will. */
  make(record: SessionRecord, { packet, delay }: Will): WillRecord {
    const { clientId, identity, account } = record
    return new WillRecord({
      id: nextMessageId(),
      packet,
      delay,
      publisher: { clientId, identity, account },
      account,
    })
  }

  /** From now on it waits; its session keeps it unless it is an orphan. */
  add(will: WillRecord, dueAt: number): void {
    will.dueAt = dueAt
    // Whoever counted it until now has given it up: there is room.
    will.counted ||= will.account.keep(will.packet, WILL_COST, true)
    this.#waiting.set(will.id, will)
    if (dueAt < this.#nextDue) this.#nextDue = dueAt
  }

  /** It is not kept any more. */
  remove(will: WillRecord): void {
    this.#waiting.delete(will.id)
    if (!will.counted) return
    will.counted = false
    will.account.giveUp(will.packet, WILL_COST)
  }

  get(id: number): WillRecord | undefined {
    return this.#waiting.get(id)
  }

  /** Up to `limit` that are due and that nobody has taken. */
  due({ now, limit }: Context<'lookupDueWills'>): WillRecord[] {
    const found: WillRecord[] = []
    if (now < this.#nextDue) return found
    this.#nextDue = Number.POSITIVE_INFINITY
    for (const will of this.#waiting.values()) {
      if (will.claimed) continue
      if (will.dueAt <= now && found.length < limit) {
        will.claimed = true
        found.push(will)
      } else if (will.dueAt < this.#nextDue) this.#nextDue = will.dueAt
    }
    return found
  }
}
