import type { Client, QoS, RetainedMessage, Stack, Steps } from '@mqtt-stack/core'
import { Deliverer, proceed } from '@mqtt-stack/core'
import type { Changes } from './changes.ts'
import type { Due, DueFilter } from './due.ts'

/** Hands out retained messages in the background, page by page, as fast as each client takes them. */
export class Delivery {
  readonly #stack: Stack
  readonly #changes: Changes
  readonly #page: number
  readonly #deliverer: Deliverer

  /** @param page How many messages are looked up at a time. */
  constructor(stack: Stack, changes: Changes, page: number) {
    this.#stack = stack
    this.#changes = changes
    this.#page = page
    this.#deliverer = new Deliverer(stack)
  }

  /** Begins to deliver what is due to a client, unless that is under way. */
  start(client: Client, due: Due): void {
    if (due.isEmpty || (due.client === client && !client.closed)) return
    due.client = client
    this.#stack.background(() => proceed(this.#run(client, due)), client)
  }

  *#run(client: Client, due: Due): Steps {
    // All filters of the packet are known then, each once however often it stands there.
    yield this.#stack.pace.rest()
    for (let filter = due.first; filter !== undefined; filter = due.first) {
      try {
        yield* this.#deliverAll(client, due, filter)
      } catch (error) {
        this.#stack.fail(error as Error, client, undefined)
        if (!client.closed) due.delete(filter.topic)
      }
      if (client.closed || due.client !== client) break
    }
    if (due.client === client) due.client = undefined
  }

  *#deliverAll(client: Client, due: Due, filter: DueFilter): Steps {
    const { topic } = filter
    const limit = this.#page
    const { pace } = this.#stack
    for (;;) {
      const page: RetainedMessage[] = []
      yield this.#stack.run('lookupRetainedMessages', { topic, client, after: filter.after, limit }, page)
      for (const message of page) {
        if (pace.spent) yield pace.rest()
        if (client.congested) yield client.drained()
        const newest = yield* this.#newest(client, due, filter, message)
        if (!due.owes(filter, client)) return
        filter.after = message.topic
        if (newest !== undefined) yield this.#deliver(client, filter, newest)
      }
      if (!due.owes(filter, client)) return
      if (page.length < limit) break
    }
    due.delete(topic)
  }

  /** The message as the topic has it now; none where what is newer came live. */
  *#newest(
    client: Client,
    due: Due,
    filter: DueFilter,
    message: RetainedMessage,
  ): Steps<RetainedMessage | undefined> {
    const kept = client.session.stored && Math.min(message.packet.qos, filter.qos) > 0
    const since = kept ? filter.since : Math.max(filter.since, due.liveSince)
    if (message.messageId > since) return undefined
    const changed = this.#changes.changedSince(message.topic, since)
    if (changed !== undefined) return changed ? undefined : message
    const page: RetainedMessage[] = []
    const ctx = { topic: message.topic, client, limit: 1 }
    yield this.#stack.run('lookupRetainedMessages', ctx, page)
    const [found] = page
    return found === undefined || found.messageId > since ? undefined : found
  }

  /** Answers a promise where the client has enough for now. */
  #deliver(
    client: Client,
    { qos: granted, identifier }: DueFilter,
    message: RetainedMessage,
  ): void | Promise<void> {
    const { packet, expiresAt } = message
    if (expiresAt !== 0 && expiresAt <= this.#stack.clock.now()) return
    const { session } = client
    const qos = Math.min(packet.qos, granted) as QoS
    const receiver = { clientId: session.clientId, epoch: client.epoch, client, stored: session.stored }
    const identifiers = identifier === undefined ? undefined : [identifier]
    const terms = { qos, retain: true, identifiers, expiresAt, share: undefined }
    const counts = { queued: 0, dropped: 0 }
    const drain = (): void | Promise<void> => {
      if (counts.queued > 0) return this.#stack.run('drainClient', { client }, {})
    }
    const later = this.#deliverer.deliver(receiver, packet, terms, message, counts)
    return later === undefined ? drain() : later.then(drain)
  }
}
