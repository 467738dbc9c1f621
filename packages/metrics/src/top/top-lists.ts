/** Who takes most of something. Names here are what clients chose; that is why they are no labels of metrics. */
import type { Context, RelayContext, SessionSummary, Stack, Steps, Store } from '@mqtt-stack/core'
import { Largest, LatelyLargest } from './largest.ts'
import { Rates } from './rates.ts'
import { rounded } from './rounded.ts'

/** Sessions that are looked through at a time. */
const PAGE = 500
/** Lines of a list. */
const LIMIT = 10_000
/** Characters of a name that are kept. */
const LONGEST = 1_024

export class TopLists {
  readonly #stack: Stack
  readonly #topics: Rates
  readonly #publishers: Rates
  readonly #scans: LatelyLargest

  /** @param size How many are counted by name. */
  constructor(stack: Stack, size: number) {
    this.#stack = stack
    this.#topics = new Rates(stack.clock, size)
    this.#publishers = new Rates(stack.clock, size)
    this.#scans = new LatelyLargest(stack.clock, size)
  }

  /** A message that stands for so many. */
  note({ topic, publisher }: RelayContext, weight: number): void {
    if (this.#stack.isControlTopic(topic)) return
    this.#topics.add(topic.slice(0, LONGEST), weight)
    if (publisher.clientId !== '') this.#publishers.add(publisher.clientId.slice(0, LONGEST), weight)
  }

  noteScan({ client, topic, seconds }: Context<'retainedDelivered'>): void {
    const name = topic.slice(0, LONGEST)
    this.#scans.add({ name, value: rounded(seconds), unit: 's', clientId: client.id.slice(0, LONGEST) })
  }

  *lookup({ list, limit: wanted }: Context<'lookupTop'>, store: Store<'lookupTop'>): Steps {
    const limit = Math.min(wanted, LIMIT)
    if (limit <= 0) return
    if (list === 'topics') store.push(...this.#topics.top(limit, 'messages/s'))
    else if (list === 'publishers') store.push(...this.#publishers.top(limit, 'messages/s'))
    else if (list === 'retained-scans') store.push(...this.#scans.list(limit))
    else if (list === 'slow-subscribers') yield* this.#slow(limit, store)
    else if (list === 'queues') yield* this.#queues(limit, store)
  }

  *#slow(limit: number, store: Store<'lookupTop'>): Steps {
    const { clients, pace } = this.#stack
    const largest = new Largest(limit)
    for (const { connected, pending, id } of clients) {
      if (pace.spent) yield pace.rest()
      if (connected && pending > 0) largest.add({ name: id, value: pending, unit: 'bytes' })
    }
    store.push(...largest.list())
  }

  *#queues(limit: number, store: Store<'lookupTop'>): Steps {
    if (!this.#stack.answers('lookupSessions')) return
    const { pace } = this.#stack
    const largest = new Largest(limit)
    for (let after: string | undefined; ; ) {
      const page: SessionSummary[] = []
      const ctx = after === undefined ? { limit: PAGE } : { limit: PAGE, after }
      yield this.#stack.run('lookupSessions', ctx, page)
      for (const { clientId, client, messages } of page) {
        const outbound = { inflight: 0, queued: 0, behind: false }
        if (client !== undefined) yield this.#stack.run('lookupOutbound', { client }, outbound)
        const value = messages + outbound.queued
        if (value > 0) largest.add({ name: clientId, value, unit: 'messages' })
      }
      after = page.at(-1)?.clientId
      if (page.length < PAGE) break
      if (pace.spent) yield pace.rest()
    }
    store.push(...largest.list())
  }
}
