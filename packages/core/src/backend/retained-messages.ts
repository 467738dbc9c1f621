import type { Context, RetainedMessage, Store } from '../contract/index.ts'
import { authorOf } from '../contract/index.ts'
import type { Account } from '../memory/index.ts'
import type { Publish } from '../packets/index.ts'
import { ReasonCode } from '../packets/index.ts'
import type { Pace, Steps } from '../time/index.ts'
import { RetainedTree } from '../topics/index.ts'
import { RETAINED_COST } from './costs.ts'
import { ExpiryIndex } from './expiry-index.ts'

/** With whose account it is counted on, and what it costs besides its bytes. */
interface Retained extends RetainedMessage {
  readonly account: Account
  readonly extra: number
}

/** A message on its way to the disk. */
export interface StagedRetained {
  readonly message: RetainedMessage | undefined
  /** It is written. */
  readonly apply: () => void
  /** It could not be written. */
  readonly revert: () => void
}

/** The bounds of what is retained. */
export interface RetainedLimits {
  /** Topics. */
  readonly messages: number
  /** Bytes of one payload. */
  readonly payload: number
  /** Bytes of all of them, about. */
  readonly bytes: number
}

/** Topics that are looked at, and expired messages that are removed, between two looks at the clock. */
const EFFORT = 200

/** The retained message of each topic; bounded in topics, in the size of each and in bytes over all. */
export class RetainedMessages {
  readonly #tree = new RetainedTree<Retained>()
  readonly #expiring = new ExpiryIndex<Retained>()
  readonly #limits: RetainedLimits
  #bytes = 0
  /** What is on its way to the disk. */
  readonly #staged = { messages: 0, bytes: 0 }

  constructor(limits: RetainedLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#tree.size
  }

  /** Bytes that they take, about. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * @param account Of whoever published it.
   * @param now By the stack's clock (ms).
   */
  store(
    ctx: Context<'storeRetainedMessage'>,
    store: Store<'storeRetainedMessage'>,
    account: Account,
    now: number,
  ): void {
    const { topic, packet, messageId, expiresAt } = ctx
    const publisher = ctx.publisher && authorOf(ctx.publisher)
    const known = this.#tree.get(topic)
    store.replaced = known !== undefined
    // What was retained is out of date, whether or not there is room for what came [MQTT-3.3.1-7].
    if (known !== undefined) this.#remove(known)
    if (packet.payloadLength === 0) return
    const extra = packet.payloadLength <= this.#limits.payload ? costOf(packet.own(true)) : 0
    if (!this.#take(packet, extra, account, now)) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      return
    }
    this.#put({ topic, packet, messageId, expiresAt, publisher, account, extra })
  }

  /**
   * As {@link store}, for a message that is first written to a disk: it is there when `apply` is called.
   * `message` is what is to be written; `undefined`: none is retained any more.
   */
  stage(
    ctx: Context<'storeRetainedMessage'>,
    store: Store<'storeRetainedMessage'>,
    account: Account,
    now: number,
  ): StagedRetained {
    const { topic, packet, messageId, expiresAt } = ctx
    const publisher = ctx.publisher && authorOf(ctx.publisher)
    const remove = (): void => {
      const known = this.#tree.get(topic)
      store.replaced = known !== undefined
      if (known !== undefined) this.#remove(known)
    }
    if (packet.payloadLength === 0) return { message: undefined, apply: remove, revert: () => {} }
    const extra = packet.payloadLength <= this.#limits.payload ? costOf(packet.own(true)) : 0
    const bytes = packet.size + extra
    if (!this.#take(packet, extra, account, now)) {
      store.refused = ReasonCode.QUOTA_EXCEEDED
      return { message: undefined, apply: remove, revert: () => {} }
    }
    this.#staged.messages++
    this.#staged.bytes += bytes
    const settle = (): void => {
      this.#staged.messages--
      this.#staged.bytes -= bytes
    }
    const message = { topic, packet, messageId, expiresAt, publisher, account, extra }
    return {
      message,
      apply: () => {
        settle()
        remove()
        this.#put(message)
      },
      revert: () => {
        settle()
        account.giveUp(packet, extra)
      },
    }
  }

  /** A message that an earlier process left. */
  restore(message: RetainedMessage, account: Account): void {
    const extra = costOf(message.packet.own(true))
    account.keep(message.packet, extra, true)
    this.#put({ ...message, account, extra })
  }

  #put(retained: Retained): void {
    const { topic, packet, extra, expiresAt } = retained
    this.#tree.set(topic, retained)
    this.#bytes += packet.size + extra
    if (expiresAt !== 0) this.#expiring.add(retained, expiresAt)
  }

  /** Pushes a page of those that are not over; the others go. Others have their turn where it takes long. */
  *lookup(
    ctx: Context<'lookupRetainedMessages'>,
    store: Store<'lookupRetainedMessages'>,
    now: number,
    pace: Pace,
  ): Steps {
    const { topic, limit = Number.POSITIVE_INFINITY } = ctx
    let after = ctx.after
    for (;;) {
      const page = this.#tree.match(topic, { after, limit: limit - store.length, effort: EFFORT })
      for (const [, message] of page.entries) {
        if (message.expiresAt === 0 || message.expiresAt > now) store.push(message)
        else this.#remove(message)
      }
      after = page.after
      if (after === undefined || store.length >= limit) return
      if (pace.spent) yield pace.rest()
    }
  }

  /** Removes those whose time is over. */
  *sweep(now: number, pace: Pace): Steps {
    while (this.#removeExpired(now)) if (pace.spent) yield pace.rest()
  }

  /** Counts it, if there is room for it: what is over keeps nothing else out. */
  #take(packet: Publish, extra: number, account: Account, now: number): boolean {
    if (packet.payloadLength > this.#limits.payload) return false
    while (!this.#fits(packet.size + extra) || !account.keep(packet, extra, true))
      if (!this.#removeExpired(now)) return false
    return true
  }

  #fits(bytes: number): boolean {
    const { messages, bytes: staged } = this.#staged
    return (
      this.#tree.size + messages < this.#limits.messages && this.#bytes + staged + bytes <= this.#limits.bytes
    )
  }

  /** Removes some whose time is over; false when there was none. */
  #removeExpired(now: number): boolean {
    const expired = this.#expiring.due(now, EFFORT)
    for (const message of expired) this.#remove(message)
    return expired.length > 0
  }

  #remove(message: Retained): void {
    const { topic, packet, account, expiresAt, extra } = message
    if (this.#tree.get(topic) !== message) return
    this.#tree.delete(topic)
    this.#expiring.delete(message, expiresAt)
    this.#bytes -= packet.size + extra
    account.giveUp(packet, extra)
  }
}

/** Besides the message's bytes, in which a long topic is not kept once more. */
function costOf({ topic, slim }: Publish): number {
  return RETAINED_COST + (slim ? 0 : topic.length)
}
