import type { Context, RetainedMessage, Store } from '@mqtt-stack/core'
import { ReasonCode, RetainedTree } from '@mqtt-stack/core'

/** The retained message of each topic; bounded in topics and in payload size. */
export class RetainedMessages {
  readonly #tree = new RetainedTree<RetainedMessage>()
  readonly #maxTopics: number
  readonly #maxBytes: number

  constructor(maxTopics: number, maxBytes: number) {
    this.#maxTopics = maxTopics
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#tree.size
  }

  store(ctx: Context<'storeRetainedMessage'>, store: Store<'storeRetainedMessage'>): void {
    const { topic, packet, messageId, expiresAt } = ctx
    if (packet.payloadLength === 0) {
      store.replaced = this.#tree.delete(topic)
      return
    }
    store.replaced = this.#tree.get(topic) !== undefined
    const full = !store.replaced && this.#tree.size >= this.#maxTopics
    const large = packet.payloadLength > this.#maxBytes
    // What was retained is out of date, whether or not there is room for what came [MQTT-3.3.1-7].
    if (large) this.#tree.delete(topic)
    if (full || large) store.refused = ReasonCode.QUOTA_EXCEEDED
    else this.#tree.set(topic, { topic, packet: packet.own(true), messageId, expiresAt })
  }

  /** Pushes a page of those that are not over; the others go. */
  lookup(ctx: Context<'lookupRetainedMessages'>, store: Store<'lookupRetainedMessages'>, now: number): void {
    const { topic, limit = Number.POSITIVE_INFINITY } = ctx
    let after = ctx.after
    do {
      const page = this.#tree.match(topic, { after, limit: limit - store.length })
      for (const [name, message] of page.entries) {
        if (message.expiresAt === 0 || message.expiresAt > now) store.push(message)
        else this.#tree.delete(name)
      }
      after = page.after
    } while (after !== undefined && store.length < limit)
  }
}
