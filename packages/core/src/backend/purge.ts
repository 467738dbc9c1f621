import type { Context, RetainedMessage, Store, StoredMessage, WaitingMessage } from '../contract/index.ts'
import { authorTest, purgeTest } from '../contract/index.ts'
import type { Publish } from '../packets/index.ts'
import type { Steps } from '../time/index.ts'
import type { KeptRetained } from './kept-retained.ts'
import type { LogEntry } from './log-entry.ts'
import type { Logs } from './logs.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'
import type { SessionWills } from './session-wills.ts'

/** Entries of a log that are looked at, and sessions, between two looks at the clock. */
const EFFORT = 100

/** What is purged. */
export interface Where {
  readonly parts: Parts
  readonly logs: Logs
  readonly wills: SessionWills
  readonly kept: KeptRetained
}

/** Takes messages out of logs and the retained store, and wills. Others have their turn in between. */
export class Purge {
  readonly #parts: Parts
  readonly #logs: Logs
  readonly #wills: SessionWills
  readonly #kept: KeptRetained
  readonly #terms: Context<'purgeMessages'>
  readonly #store: Store<'purgeMessages'>
  /** By what is in memory of every message, wherever the message is. */
  readonly #mayBeWanted: (message: Pick<WaitingMessage, 'publisher'>) => boolean
  readonly #isWanted: (message: WaitingMessage) => boolean

  constructor(
    { parts, logs, wills, kept }: Where,
    terms: Context<'purgeMessages'>,
    store: Store<'purgeMessages'>,
  ) {
    this.#parts = parts
    this.#logs = logs
    this.#wills = wills
    this.#kept = kept
    this.#terms = terms
    this.#store = store
    const { author } = terms
    this.#mayBeWanted = author === undefined ? () => true : authorTest(author)
    this.#isWanted = purgeTest(terms)
  }

  *run(): Steps {
    const { clientId, only } = this.#terms
    const { sessions } = this.#parts
    if (only === undefined || only === 'waiting') {
      const named = clientId === undefined ? undefined : sessions.get(clientId)
      for (const record of clientId === undefined ? sessions.all : [named])
        if (record?.state !== undefined) yield* this.#purgeLog(record)
    }
    if (clientId !== undefined) return
    if (only === undefined || only === 'retained') yield* this.#purgeRetained()
    if (only === undefined || only === 'wills') yield* this.#purgeWills()
  }

  /** Those that wait, and those that are kept for a connection that is there: lastwill has taken them out of that. */
  *#purgeWills(): Steps {
    const { stack, wills } = this.#parts
    const { pace } = stack
    for (const will of wills.all) {
      if (pace.spent) yield pace.rest()
      const { clientId, publisher } = will
      const found: Publish[] = []
      if (this.#mayBeWanted({ publisher })) yield this.#wills.read(will, found)
      const [packet] = found
      // It may have been published, or dropped, meanwhile.
      if (packet === undefined || wills.get(will) !== will || !this.#isWanted({ packet, publisher })) continue
      const waits = will.dueAt !== Number.POSITIVE_INFINITY
      yield this.#wills.remove(will)
      if (!waits) continue
      this.#store.wills++
      stack.tell('messageDropped', { clientId, client: undefined, packet, reason: 'purged', count: 1 })
    }
  }

  /** What comes into a log from now on is no matter of this purge. */
  *#purgeLog(record: SessionRecord): Steps {
    const { pace } = this.#parts.stack
    if (pace.spent) yield pace.rest()
    const entries = [...(record.state?.log.entries ?? [])].filter(
      (entry) => !entry.released && this.#mayBeWanted(entry),
    )
    for (let i = 0; i < entries.length; i += EFFORT) {
      if (pace.spent) yield pace.rest()
      yield* this.#purgeEntries(record, entries.slice(i, i + EFFORT))
    }
  }

  *#purgeEntries(record: SessionRecord, entries: readonly LogEntry[]): Steps {
    const whole: LogEntry[] = []
    yield this.#logs.load(record, entries, whole)
    const log = record.state?.log
    if (log === undefined) return
    const messages: StoredMessage[] = []
    const removed: LogEntry[] = []
    const released: LogEntry[] = []
    for (const message of whole) {
      const entry = log.get(message.sequence)
      // The client may have acknowledged it meanwhile.
      if (entry === undefined || entry.released || !this.#isWanted(message)) continue
      // A copy: the entry is about to lose its message.
      messages.push({ ...message })
      // Nobody knows whether the client has a QoS 2 message that may have been sent: PUBREL ends its exchange.
      if (entry.qos === 2 && entry.committed && entry.sequence <= log.begun) released.push(entry)
      else removed.push(entry)
    }
    if (messages.length === 0) return
    this.#store.waiting += messages.length
    const waiting = [this.#logs.removeEntries(record, removed), this.#logs.releaseEntries(record, released)]
    const unsent = new Set(removed.map(({ sequence }) => sequence))
    for (const message of messages) this.#pass(record, message, unsent.has(message.sequence))
    yield settleAll(waiting)
  }

  /** A message of a shared subscription that one client is not to have goes to another member; all others are dropped. */
  #pass(record: SessionRecord, message: StoredMessage, unsent: boolean): void {
    const { clientId, client } = record
    const { stack, subscriptions } = this.#parts
    const { share, packet, qos, expiresAt, publisher } = message
    const mayGo = unsent && this.#terms.clientId !== undefined
    if (mayGo && share !== undefined && subscriptions.hasOtherMember(share, record))
      stack.execute('handOnMessage', { clientId, share, packet, qos, expiresAt, publisher })
    else stack.tell('messageDropped', { clientId, client, packet, reason: 'purged', count: 1 })
  }

  *#purgeRetained(): Steps {
    const { pace } = this.#parts.stack
    const { retained } = this.#parts
    const { filter } = this.#terms
    let after: string | undefined
    yield this.#kept.current()
    do {
      if (pace.spent) yield pace.rest()
      const page = retained.page(filter, after, EFFORT)
      const waiting: (void | Promise<void>)[] = []
      const removed: RetainedMessage[] = []
      for (const found of page.messages) {
        // One that is on its way to the disk takes the place of what was found, and may be somebody else's.
        const message = this.#kept.newest(found)
        if (message === undefined || !this.#isWanted(message)) continue
        waiting.push(this.#kept.remove(message))
        removed.push(message)
      }
      yield settleAll(waiting)
      this.#store.retained += removed.length
      // Told when it is so: whoever hands out retained messages looks at them again.
      for (const { publisher, packet } of removed) {
        const clientId = publisher?.clientId ?? ''
        this.#parts.stack.tell('messageDropped', {
          clientId,
          client: undefined,
          packet,
          reason: 'purged',
          count: 1,
        })
      }
      after = page.after
    } while (after !== undefined)
  }
}

/** Nothing where all of it is done. */
function settleAll(waiting: readonly (void | Promise<void>)[]): void | Promise<unknown> {
  const later = waiting.filter((one) => one !== undefined)
  if (later.length > 0) return Promise.all(later)
}
