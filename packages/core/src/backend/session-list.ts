import type { Context, SessionSummary, Store } from '../contract/index.ts'
import type { Steps } from '../time/index.ts'
import type { Parts } from './parts.ts'
import type { SessionRecord } from './session-record.ts'

/** Sessions that are looked at between two looks at the clock. */
const EFFORT = 200

/** Answers who wants to see sessions from outside. */
export class SessionList {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Pushes a page of summaries. A filter by identity may look at many sessions for few: others have their turn in between. */
  *lookup(ctx: Context<'lookupSessions'>, store: Store<'lookupSessions'>): Steps {
    const { clientId, identity, limit } = ctx
    const { sessions, stack } = this.#parts
    const { pace } = stack
    const isWanted = (record: SessionRecord): boolean =>
      (identity === undefined || record.identity === identity) && !this.#isOver(record)
    if (clientId !== undefined) {
      const record = sessions.get(clientId)
      if (record !== undefined && limit > 0 && isWanted(record)) store.push(summaryOf(record))
      return
    }
    const order = yield* sessions.inOrder(pace)
    let { after } = ctx
    while (store.length < limit) {
      const cursor = order.behind(after)
      for (let looked = 0; looked < EFFORT && store.length < limit; looked++) {
        const { item } = cursor
        if (item === undefined) return
        after = item.topic
        if (isWanted(item.record)) store.push(summaryOf(item.record))
        cursor.next()
      }
      if (pace.spent) yield pace.rest()
    }
  }

  /** Its time is over, and no sweep has found it yet. */
  #isOver({ client, expiresAt }: SessionRecord): boolean {
    return client === undefined && expiresAt <= this.#parts.stack.clock.now()
  }
}

function summaryOf(record: SessionRecord): SessionSummary {
  const { clientId, identity, epoch, client, state } = record
  return {
    clientId,
    identity,
    epoch,
    connected: client !== undefined,
    client,
    expiresAt: client === undefined ? record.expiresAt : undefined,
    subscriptions: record.filters?.size ?? 0,
    messages: state?.log.size ?? 0,
    bytes: state?.log.bytes ?? 0,
    awaitingRelease: state?.inbound.size ?? 0,
  }
}
