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

/**
 * Told of each topic that has no message any more because the time of its last one is over.
 * @param isBack Says later whether it has another.
 * @param message What is over; none where what was to take its place could not be written.
 */
export type OnExpired = (topic: string, isBack: () => boolean, message?: RetainedMessage) => void

/** Topics that are looked at, and expired messages that are removed, between two looks at the clock. */
const EFFORT = 200

/** The retained message of each topic; bounded in topics, in the size of each and in bytes over all. */
export class RetainedMessages {
  readonly #tree = new RetainedTree<Retained>()
  readonly #expiring = new ExpiryIndex<Retained>()
  readonly #limits: RetainedLimits
  readonly #onExpired: OnExpired
  #bytes = 0
  /** What there is more of when all that is on its way to the disk is there. */
  readonly #ahead = { messages: 0, bytes: 0 }
  /** The newest on its way to the disk, by topic; `message` is `undefined` where the topic's is taken away. */
  readonly #staged = new Map<string, { readonly message: Retained | undefined }>()

  constructor(limits: RetainedLimits, onExpired: OnExpired = () => {}) {
    this.#limits = limits
    this.#onExpired = onExpired
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
    let message: Retained | undefined
    if (packet.payloadLength > 0) {
      const extra = packet.payloadLength <= this.#limits.payload ? costOf(packet.own(true)) : 0
      const newest = this.#staged.get(topic)
      const replaced = newest === undefined ? this.#tree.get(topic) : newest.message
      if (this.#take(packet, extra, account, now, replaced))
        message = { topic, packet, messageId, expiresAt, publisher, account, extra }
      else store.refused = ReasonCode.QUOTA_EXCEEDED
    }
    const settle = this.#stage(topic, message)
    return {
      message,
      apply: () => {
        settle()
        const known = this.#tree.get(topic)
        store.replaced = known !== undefined
        if (known !== undefined) this.#remove(known)
        if (message !== undefined) this.#put(message)
      },
      revert: () => {
        settle()
        if (message !== undefined) giveUp(message)
        this.#dropWhereGone(topic)
      },
    }
  }

  /** Counts what is on its way to the disk; answers what is to be called when it has come there, or has failed. */
  #stage(topic: string, message: Retained | undefined): () => void {
    const newest = this.#staged.get(topic)
    const before = newest === undefined ? this.#tree.get(topic) : newest.message
    const messages = (message === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
    const bytes = bytesOf(message) - bytesOf(before)
    const staged = { message }
    this.#staged.set(topic, staged)
    this.#ahead.messages += messages
    this.#ahead.bytes += bytes
    return () => {
      if (this.#staged.get(topic) === staged) this.#staged.delete(topic)
      this.#ahead.messages -= messages
      this.#ahead.bytes -= bytes
    }
  }

  /** A message that an earlier process left. */
  restore(message: RetainedMessage, account: Account): void {
    const extra = costOf(message.packet.own(true))
    account.keepAnyway(message.packet, extra)
    account.retained++
    this.#put({ account, extra, ...message })
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
        else this.#expire(message)
      }
      after = page.after
      if (after === undefined || store.length >= limit) return
      if (pace.spent) yield pace.rest()
    }
  }

  /**
   * Some of those whose topics match, over or not; `after` is where the next page begins, if there is one.
   * @param filter Absent: all topics, those that begin with `$` too.
   * @param effort The most topics that are looked at.
   */
  page(
    filter: string | undefined,
    after: string | undefined,
    effort: number,
  ): { readonly messages: readonly RetainedMessage[]; readonly after: string | undefined } {
    const page =
      filter === undefined ? this.#tree.all(after, effort) : this.#tree.match(filter, { after, effort })
    return { messages: page.entries.map(([, message]) => message), after: page.after }
  }

  /** The message of a topic as it is now. */
  get(topic: string): RetainedMessage | undefined {
    return this.#tree.get(topic)
  }

  /** The message of a topic as it is when all that is on its way to the disk is there. */
  newest(topic: string): RetainedMessage | undefined {
    const staged = this.#staged.get(topic)
    return staged === undefined ? this.#tree.get(topic) : staged.message
  }

  /** The topic has none any more. */
  remove(topic: string): void {
    const known = this.#tree.get(topic)
    if (known !== undefined) this.#remove(known)
  }

  /** As {@link remove}, when it is written to the disk. */
  stageRemoval(topic: string): Pick<StagedRetained, 'apply' | 'revert'> {
    const settle = this.#stage(topic, undefined)
    const apply = (): void => {
      settle()
      this.remove(topic)
    }
    return { apply, revert: settle }
  }

  /** Removes those whose time is over. */
  *sweep(now: number, pace: Pace): Steps {
    while (this.#removeExpired(now)) if (pace.spent) yield pace.rest()
  }

  /** Counts it, if there is room for it in the place of `replaced`: what is over keeps nothing else out. */
  #take(packet: Publish, extra: number, account: Account, now: number, replaced?: Retained): boolean {
    if (packet.payloadLength > this.#limits.payload) return false
    // One in the place of another of the same owner is not one more.
    const isAnother = replaced?.account !== account
    while (
      !this.#fits(packet.size + extra, replaced) ||
      (isAnother && !account.admits('retained')) ||
      !account.keep(packet, extra, true)
    )
      if (!this.#removeExpired(now)) return false
    account.retained++
    return true
  }

  #fits(bytes: number, replaced: Retained | undefined): boolean {
    const { messages, bytes: ahead } = this.#ahead
    const others = this.#tree.size + messages - (replaced === undefined ? 0 : 1)
    const othersBytes = this.#bytes + ahead - bytesOf(replaced)
    return others < this.#limits.messages && othersBytes + bytes <= this.#limits.bytes
  }

  /** Removes some whose time is over; false when there was none. */
  #removeExpired(now: number): boolean {
    const expired = this.#expiring.due(now, EFFORT)
    for (const message of expired) this.#expire(message)
    return expired.length > 0
  }

  #expire(message: Retained): void {
    this.#remove(message)
    this.#dropWhereGone(message.topic, message)
  }

  /** What is on its way to the disk takes the place of what is over. */
  #dropWhereGone(topic: string, message?: RetainedMessage): void {
    const isBack = (): boolean => this.#staged.has(topic) || this.#tree.get(topic) !== undefined
    if (!isBack()) this.#onExpired(topic, isBack, message)
  }

  #remove(message: Retained): void {
    const { topic, packet, expiresAt, extra } = message
    if (this.#tree.get(topic) !== message) return
    this.#tree.delete(topic)
    this.#expiring.delete(message, expiresAt)
    this.#bytes -= packet.size + extra
    giveUp(message)
  }
}

function giveUp({ packet, account, extra }: Retained): void {
  account.retained--
  account.giveUp(packet, extra)
}

function bytesOf(message: Retained | undefined): number {
  return message === undefined ? 0 : message.packet.size + message.extra
}

/** Besides the message's bytes, in which a long topic is not kept once more. */
function costOf({ topic, slim }: Publish): number {
  return RETAINED_COST + (slim ? 0 : topic.length)
}
