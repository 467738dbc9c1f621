import type { Context, SessionSummary, Slot, Stack, Steps, Store } from '@mqtt-stack/core'
import { ReasonCode, StackError } from '@mqtt-stack/core'
import type { ExpiredSessions } from './expired-sessions.ts'
import { isStale } from './expired-sessions.ts'
import type { Opening } from './opening.ts'
import type { SleepingSessions } from './sleeping-sessions.ts'

/** Changes sessions from outside, whether or not their clients are connected. */
export class SessionChanges {
  readonly #stack: Stack
  readonly #sleeping: SleepingSessions
  readonly #expired: ExpiredSessions
  readonly #opening: Slot<Opening>

  constructor(stack: Stack, sleeping: SleepingSessions, expired: ExpiredSessions, opening: Slot<Opening>) {
    this.#stack = stack
    this.#sleeping = sleeping
    this.#expired = expired
    this.#opening = opening
  }

  /** Takes a subscription away. */
  *endSubscription({ clientId, topic }: Context<'endSubscription'>, store: Store<'endSubscription'>): Steps {
    let stale: SessionSummary | undefined
    for (;;) {
      const found = yield* this.#find(clientId)
      if (found === undefined) return
      const ended: Store<'unsubscribeTopic'> = {}
      try {
        yield* this.#unsubscribe(found, topic, ended)
      } catch (error) {
        // The client came or went meanwhile: the session is the same, and is looked at again.
        if (!isStale(error) || (stale !== undefined && isSame(stale, found))) throw error
        stale = found
        continue
      }
      store.existed = store.existed === true || ended.existed === true
      const now = yield* this.#find(clientId)
      if (now !== undefined && !isSame(now, found)) continue
      this.#stack.tell('topicUnsubscribed', { clientId, client: found.client, topic, existed: store.existed })
      return
    }
  }

  *#unsubscribe(
    { clientId, epoch, client }: SessionSummary,
    topic: string,
    store: Store<'unsubscribeTopic'>,
  ): Steps {
    // A session that is being resumed has read its subscriptions: it must not bring this one back.
    if (client?.connected === false) this.#opening.of(client).revoke(topic)
    const session = this.#sleeping.get(clientId) ?? client?.session
    yield this.#stack.run(
      'unsubscribeTopic',
      { clientId, epoch, client, session, packet: undefined, topic },
      store,
    )
  }

  /** Closes the connection, if there is one, and removes the session. */
  *endSession(ctx: Context<'endSession'>, store: Store<'endSession'>): Steps {
    const { clientId, reasonCode = ReasonCode.ADMINISTRATIVE_ACTION } = ctx
    const { clock, pace, config } = this.#stack
    const began = clock.now()
    // Whoever connects again in between has the same session, which is to end.
    for (;;) {
      const found = yield* this.#find(clientId)
      if (found === undefined) return
      if (clock.now() - began > config.stallTimeout)
        throw new StackError('HANDLER_STALLED', `the session "${clientId}" does not end`)
      const { epoch, client, connected } = found
      if (connected) {
        if (client !== undefined) this.#stack.closeClient(client, reasonCode, 'its session is ended')
        yield this.#stack.run('sessionTakenOver', { clientId, epoch, client }, {})
        // It ends with its connection, or has none any more.
        store.ended = true
      } else if (yield* this.#expired.remove({ clientId, epoch }, 'ended')) {
        store.ended = true
        return
      }
      yield pace.rest()
    }
  }

  *#find(clientId: string): Steps<SessionSummary | undefined> {
    const found: Store<'lookupSessions'> = []
    yield this.#stack.run('lookupSessions', { clientId, limit: 1 }, found)
    return found[0]
  }
}

/** The same opening of a session, in the same state. */
function isSame(one: SessionSummary, other: SessionSummary): boolean {
  return one.epoch === other.epoch && one.client === other.client
}
