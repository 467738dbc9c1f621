import type { Client, DeliveryCounts, QoS, RetainedMessage, Stack, Steps } from '@mqtt-stack/core'
import { Deliverer, proceed } from '@mqtt-stack/core'
import type { Changes } from './changes.ts'
import type { Due, DueFilter } from './due.ts'
import type { KeptDue } from './kept-due.ts'

/** A backend is told of so many filters at once that nothing is due of them any more. */
const AT_ONCE = 1_000

/** Hands out retained messages in the background, page by page, as fast as each client takes them. */
export class Delivery {
  readonly #stack: Stack
  readonly #changes: Changes
  readonly #kept: KeptDue
  readonly #page: number
  readonly #deliverer: Deliverer
  /** Goes up when what was looked up may be gone. */
  #looks = 0

  /** @param page How many messages are looked up at a time. */
  constructor(stack: Stack, changes: Changes, kept: KeptDue, page: number) {
    this.#stack = stack
    this.#changes = changes
    this.#kept = kept
    this.#page = page
    this.#deliverer = new Deliverer(stack)
  }

  /** Begins to deliver what is due to a client; where that is under way for an earlier connection, it goes on with this. */
  start(client: Client, due: Due): void {
    if (due.isEmpty) return
    due.client = client
    if (due.underWay) return
    due.underWay = true
    this.#stack.background(() => proceed(this.#run(due)), client)
  }

  /** What was looked up may be gone. */
  lookAgain(): void {
    this.#looks++
  }

  *#run(due: Due): Steps {
    // All filters of the packet are known then, each once however often it stands there.
    yield this.#stack.pace.rest()
    for (;;) {
      const { client, first: filter } = due
      if (client === undefined || client.closed || filter === undefined) break
      try {
        yield* this.#deliverAll(client, due, filter)
      } catch (error) {
        this.#stack.fail(error as Error, client, undefined)
        if (!client.closed) {
          due.delete(filter.topic)
          this.#stack.background(() => this.#kept.remove(client, filter.topic), client)
        }
      }
    }
    const { client } = due
    due.client = undefined
    due.underWay = false
    if (client !== undefined && due.over > 0) this.#stack.background(() => this.#forget(client, due), client)
  }

  /** What is not due any more goes, all filters in one commit. */
  async #forget(client: Client, due: Due): Promise<void> {
    await Promise.all(due.takeOver().map((topic) => this.#kept.remove(client, topic)))
  }

  *#deliverAll(client: Client, due: Due, filter: DueFilter): Steps {
    const { topic } = filter
    const limit = this.#page
    const { pace, clock } = this.#stack
    const began = clock.now()
    let messages = 0
    for (;;) {
      const page: RetainedMessage[] = []
      const looks = this.#looks
      yield this.#stack.run('lookupRetainedMessages', { topic, client, after: filter.after, limit }, page)
      for (const message of page) {
        if (pace.spent) yield pace.rest()
        if (client.congested) yield client.drained()
        if (looks !== this.#looks) break
        const newest = yield* this.#newest(client, due, filter, message)
        if (!due.isDue(filter, client)) return
        messages++
        yield* this.#handOut(client, filter, message.topic, newest)
      }
      if (!due.isDue(filter, client)) return
      if (page.length < limit && looks === this.#looks) break
    }
    due.finish(topic, this.#kept.keeps(client))
    if (this.#stack.answers('retainedDelivered')) {
      const seconds = (clock.now() - began) / 1_000
      this.#stack.tell('retainedDelivered', { client, topic, messages, seconds })
    }
    // Most filters of a packet have no messages: that they are done with is told with the others.
    if ((messages > 0 && due.over > 0) || due.over >= AT_ONCE) yield this.#forget(client, due)
  }

  /** Delivers a topic's message, if there is one, and then waits where the client has enough for now. */
  *#handOut(client: Client, filter: DueFilter, topic: string, message: RetainedMessage | undefined): Steps {
    const { after } = filter
    filter.after = topic
    if (message === undefined) return
    const counts: DeliveryCounts = { queued: 0, dropped: 0, queue: null }
    try {
      const { qos } = message.packet
      // In one turn with the log's entry, so that a store commits both or neither.
      const kept = qos > 0 && filter.qos > 0 ? this.#kept.store(client, filter) : undefined
      const delivered = this.#deliver(client, filter, message, counts)
      yield kept === undefined ? delivered : Promise.all([kept, delivered])
    } catch (error) {
      // It is in no log: it is owed as before.
      filter.after = after
      this.#stack.background(() => this.#kept.store(client, filter), client)
      throw error
    }
    yield counts.queue?.drained()
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

  #deliver(
    client: Client,
    { qos: granted, identifier }: DueFilter,
    message: RetainedMessage,
    counts: DeliveryCounts,
  ): void | Promise<void> {
    const { packet, expiresAt } = message
    if (expiresAt !== 0 && expiresAt <= this.#stack.clock.now()) return
    const { session } = client
    const qos = Math.min(packet.qos, granted) as QoS
    const receiver = { clientId: session.clientId, epoch: client.epoch, client, stored: session.stored }
    const identifiers = identifier === undefined ? undefined : [identifier]
    const terms = { qos, retain: true, identifiers, expiresAt, share: undefined }
    return this.#deliverer.deliver(receiver, packet, terms, message, counts)
  }
}
