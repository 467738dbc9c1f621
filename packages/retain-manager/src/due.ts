import type { Client, DueRetained, QoS } from '@mqtt-stack/core'
import { nextMessageId, Slot } from '@mqtt-stack/core'

/** What is due of a filter; QoS and identifier are those of the subscription that there is now. */
export type DueFilter = { -readonly [Field in keyof DueRetained]: DueRetained[Field] }

/**
 * What of retained messages is owed to a session. It outlives the connection: a client that is cut off gets the rest
 * when it is back.
 */
export class Due {
  #filters = new Map<string, DueFilter>()
  /** Filters that are kept as due by a backend, and are about to be subscribed to. */
  readonly #coming = new Set<string>()
  /** Filters of which nothing is due any more: a backend is still to hear of it. */
  #over = new Set<string>()
  /** The connection that it is delivered to now. */
  client: Client | undefined
  /** Somebody hands it out: one at a time, whatever connections come and go. */
  underWay = false
  /** Since when that connection gets what is not kept for it: QoS 0. A message identifier. */
  liveSince = 0

  /** The filter that is delivered now, or next. */
  get first(): DueFilter | undefined {
    return this.#filters.values().next().value
  }

  get isEmpty(): boolean {
    return this.#filters.size === 0
  }

  /** Whether this is still what is owed, to this client. */
  isDue(filter: DueFilter, client: Client): boolean {
    return this.client === client && !client.closed && this.#filters.get(filter.topic) === filter
  }

  /** A backend keeps it as due from now on; {@link add} follows, unless it is refused or asks for no retained messages. */
  expect(topic: string): void {
    this.#over.delete(topic)
    this.#coming.add(topic)
  }

  /** Subscribed to: all of its messages are owed, from the first, however much was owed of it before. */
  add(filter: DueFilter): void {
    this.#coming.delete(filter.topic)
    this.#over.delete(filter.topic)
    this.#filters.set(filter.topic, filter)
  }

  /**
   * All of it was handed out. What is kept of it is over too, unless it is that of a subscription that is about to come.
   * @param isKept Whether a backend keeps it.
   */
  finish(topic: string, isKept: boolean): void {
    this.#filters.delete(topic)
    // The tables of one that is emptied again and again lead from one to the next, and old ones keep what has gone.
    if (this.#filters.size === 0) this.#filters = new Map()
    if (isKept && !this.#coming.has(topic)) this.#over.add(topic)
  }

  /** How many filters {@link takeOver} would answer. */
  get over(): number {
    return this.#over.size
  }

  /** Filters of which a backend is to hear that nothing is due any more; each is answered once. */
  takeOver(): string[] {
    const topics = [...this.#over]
    this.#over = new Set()
    return topics
  }

  /**
   * The subscription was replaced by one that asks for no retained messages: the rest comes as it says [MQTT-3.8.4-3].
   * Answers what is due, if anything is.
   */
  replace(topic: string, qos: QoS, identifier: number | undefined): DueFilter | undefined {
    const filter = this.#filters.get(topic)
    if (filter === undefined) return undefined
    filter.qos = qos
    filter.identifier = identifier
    return filter
  }

  has(topic: string): boolean {
    return this.#filters.has(topic)
  }

  /** False where nothing was due of it, and nothing is kept as due. */
  delete(topic: string): boolean {
    const wasComing = this.#coming.delete(topic)
    const wasOver = this.#over.delete(topic)
    return this.#filters.delete(topic) || wasComing || wasOver
  }

  /** A connection goes on with the session. */
  resume(): void {
    this.liveSince = nextMessageId()
  }
}

/** On the session. */
export const due: Slot<Due | undefined> = new Slot<Due | undefined>(() => undefined)

/** What is owed to a client's session, made at the first call. */
export function dueOf({ session }: Client): Due {
  const known = due.peek(session)
  if (known !== undefined) return known
  const made = new Due()
  due.set(session, made)
  return made
}
