import type { Account, Context, Publish, RetainedMessage, Store } from '@mqtt-stack/core'
import { ReasonCode, RetainedTree } from '@mqtt-stack/core'
import { RETAINED_COST } from './costs.ts'

/** With whose account it is counted on, and what it costs besides its bytes. */
interface Retained extends RetainedMessage {
  readonly account: Account
  readonly extra: number
}

/** The retained message of each topic; bounded in topics and in payload size. */
export class RetainedMessages {
  readonly #tree = new RetainedTree<Retained>()
  readonly #maxTopics: number
  readonly #maxBytes: number

  constructor(maxTopics: number, maxBytes: number) {
    this.#maxTopics = maxTopics
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#tree.size
  }

  /** @param account Of whoever published it. */
  store(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>, account: Account): void {
    const { topic, packet, messageId, expiresAt } = ctx
    const known = this.#tree.get(topic)
    store.replaced = known !== undefined
    // What was retained is out of date, whether or not there is room for what came [MQTT-3.3.1-7].
    known?.account.giveUp(known.packet, known.extra)
    const clears = packet.payloadLength === 0
    const full = known === undefined && this.#tree.size >= this.#maxTopics
    const fits = !clears && !full && packet.payloadLength <= this.#maxBytes
    const extra = fits ? costOf(packet.own(true)) : 0
    if (fits && account.keep(packet, extra, true))
      this.#tree.set(topic, { topic, packet, messageId, expiresAt, account, extra })
    else {
      this.#tree.delete(topic)
      if (!clears) store.refused = ReasonCode.QUOTA_EXCEEDED
    }
  }

  /** Pushes a page of those that are not over; the others go. */
  lookup(ctx: Context<'lookupRetainedMessages'>, store: Store<'lookupRetainedMessages'>, now: number): void {
    const { topic, limit = Number.POSITIVE_INFINITY } = ctx
    let after = ctx.after
    do {
      const page = this.#tree.match(topic, { after, limit: limit - store.length })
      for (const [name, message] of page.entries) {
        if (message.expiresAt === 0 || message.expiresAt > now) store.push(message)
        else this.#remove(name, message)
      }
      after = page.after
    } while (after !== undefined && store.length < limit)
  }

  #remove(topic: string, { account, packet, extra }: Retained): void {
    this.#tree.delete(topic)
    account.giveUp(packet, extra)
  }
}

/** Besides the message's bytes, in which a long topic is not kept once more. */
function costOf({ topic, slim }: Publish): number {
  return RETAINED_COST + (slim ? 0 : topic.length)
}
