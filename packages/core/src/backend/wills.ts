import type { Context, DueWill, Publisher, SessionContext } from '../contract/index.ts'
import type { Account } from '../memory/index.ts'
import type { Publish } from '../packets/index.ts'
import { WILL_COST } from './costs.ts'
import { ExpiryIndex } from './expiry-index.ts'
import type { SessionRecord } from './session-record.ts'

/** So much later than its time a will may be found, in ms. */
const SPAN = 50
/** So long whoever looked it up has it for himself, in ms: then it is due again, unless it was removed. */
const CLAIM = 10_000

/** What a will is made of. */
export type WillInit = Pick<
  WillRecord,
  'clientId' | 'epoch' | 'packet' | 'delay' | 'publisher' | 'account' | 'session'
>

/** The will of one opening of a session, with its connection or behind it. */
export class WillRecord implements SessionContext {
  readonly clientId: string
  readonly epoch: number
  /** Seconds between the end of the connection and its publication. */
  readonly delay: number
  readonly publisher: Publisher
  readonly account: Account
  /** None when that is over: nobody can come back to it. */
  session: SessionRecord | undefined
  /** Begins its key on a disk; 0 for a will that is kept on none. */
  sessionId = 0
  /** Its message, unless that is on the disk alone. */
  packet: Publish | undefined
  /** When it is due, by the stack's clock (ms); infinity while its connection is there. */
  dueAt: number = Number.POSITIVE_INFINITY
  /** The message that is counted. */
  #counted: Publish | undefined
  /** Bytes that are counted besides. */
  #bytes = 0

  constructor({ clientId, epoch, packet, delay, publisher, account, session }: WillInit) {
    this.clientId = clientId
    this.epoch = epoch
    this.packet = packet
    this.delay = delay
    this.publisher = publisher
    this.account = account
    this.session = session
  }

  /** With its connection it is lastwill that counts it. It was accepted, and so is counted in any case. */
  count(): void {
    if (this.#counted !== undefined || this.#bytes > 0) return
    const { packet, account } = this
    if (packet !== undefined && account.keep(packet, WILL_COST, true)) {
      this.#counted = packet
      return
    }
    this.#bytes = WILL_COST + (packet?.size ?? 0)
    account.add(this.#bytes)
  }

  /** It is not kept any more. */
  giveUp(): void {
    const { account } = this
    if (this.#counted !== undefined) account.giveUp(this.#counted, WILL_COST)
    this.#counted = undefined
    if (this.#bytes > 0) account.release(this.#bytes)
    this.#bytes = 0
  }

  /** Its message goes from memory: it is on the disk. */
  letGo(): void {
    this.giveUp()
    this.packet = undefined
    this.count()
  }

  /** Its message was read from the disk. */
  take(packet: Publish): void {
    this.giveUp()
    this.packet = packet
    this.count()
  }

  /** As whoever relays it gets it. */
  with(packet: Publish): DueWill {
    const { clientId, epoch, publisher } = this
    return { clientId, epoch, packet, publisher }
  }
}

/** All wills, by opening, and those that wait by the time when they are due. */
export class Wills {
  readonly #all = new Map<string, WillRecord>()
  /** Those that are due. */
  readonly #ready = new Set<WillRecord>()
  readonly #later = new ExpiryIndex<WillRecord>(SPAN)

  /** How many wait. */
  get size(): number {
    let size = 0
    for (const { dueAt } of this.#all.values()) if (dueAt !== Number.POSITIVE_INFINITY) size++
    return size
  }

  /** All that there are now. */
  get all(): readonly WillRecord[] {
    return [...this.#all.values()]
  }

  get(opening: SessionContext): WillRecord | undefined {
    return this.#all.get(keyOf(opening))
  }

  add(will: WillRecord): void {
    this.#all.set(keyOf(will), will)
  }

  remove(will: WillRecord): void {
    this.unqueue(will)
    will.giveUp()
    if (this.get(will) === will) this.#all.delete(keyOf(will))
  }

  /** From now on it waits. */
  queue(will: WillRecord, dueAt: number, now: number): void {
    this.unqueue(will)
    will.dueAt = dueAt
    will.count()
    if (dueAt <= now) this.#ready.add(will)
    else this.#later.add(will, dueAt)
  }

  /** It does not become due. */
  unqueue(will: WillRecord): void {
    this.#ready.delete(will)
    this.#later.delete(will, will.dueAt)
  }

  /** Claims up to `limit` that are due. */
  due({ now, limit }: Context<'lookupDueWills'>): WillRecord[] {
    const found: WillRecord[] = []
    for (const will of this.#ready) {
      if (found.length >= limit) break
      found.push(will)
    }
    found.push(...this.#later.due(now, limit - found.length))
    for (const will of found) this.queue(will, now + CLAIM, now)
    return found
  }
}

function keyOf({ clientId, epoch }: SessionContext): string {
  return `${epoch} ${clientId}`
}
