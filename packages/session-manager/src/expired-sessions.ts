import type { Context, Session, SessionContext, Stack, Steps, Store } from '@mqtt-stack/core'
import { proceed } from '@mqtt-stack/core'
import type { SleepingSessions } from './sleeping-sessions.ts'

/** Expired sessions that are looked up at a time. */
const EXPIRED_AT_ONCE = 100

/** Ends the sessions whose time is over while nobody is connected to them. */
export class ExpiredSessions {
  readonly #stack: Stack
  readonly #sleeping: SleepingSessions
  #busy = false

  constructor(stack: Stack, sleeping: SleepingSessions) {
    this.#stack = stack
    this.#sleeping = sleeping
  }

  /** Ends all that are due; nothing while an earlier call is busy with it. */
  sweep(): void | Promise<void> {
    if (!this.#busy) return proceed(this.#sweep())
  }

  *#sweep(): Steps {
    this.#busy = true
    try {
      if (this.#stack.answers('lookupExpiredSessions')) yield* this.#endStored()
      else yield* this.#endSleeping()
    } finally {
      this.#busy = false
    }
  }

  /** Page by page; one that cannot be removed comes again, and is left to the next sweep. */
  *#endStored(): Steps {
    const seen = new Set<string>()
    for (;;) {
      const ctx: Context<'lookupExpiredSessions'> = { now: this.#stack.clock.now(), limit: EXPIRED_AT_ONCE }
      const expired: Store<'lookupExpiredSessions'> = []
      yield this.#stack.run('lookupExpiredSessions', ctx, expired)
      const fresh = expired.filter(({ clientId }) => !seen.has(clientId))
      if (fresh.length === 0) return
      for (const session of fresh) {
        seen.add(session.clientId)
        yield* this.#end(session)
        // Each may have had many subscriptions: others have their turn in between.
        if (this.#stack.pace.spent) yield this.#stack.pace.rest()
      }
    }
  }

  /** A store that knows of no time leaves it to us. */
  *#endSleeping(): Steps {
    for (const { clientId, epoch } of this.#sleeping.due(this.#stack.clock.now())) {
      yield* this.#end({ clientId, epoch })
      if (this.#stack.pace.spent) yield this.#stack.pace.rest()
    }
  }

  /** One that cannot be removed is left to the next sweep. */
  *#end(session: SessionContext): Steps {
    try {
      yield* this.remove(session, 'expired')
    } catch (error) {
      this.#stack.fail(error as Error, undefined, undefined)
    }
  }

  /**
   * Removes a session that nobody is connected to, and tells of its end when it has come: until then the client may be
   * back, and its will is not to be published. False where the client is back, or somebody else removed it.
   */
  *remove({ clientId, epoch }: SessionContext, reason: 'expired' | 'ended'): Steps<boolean> {
    // Its will is due with its end.
    const ctx = { clientId, epoch, expiryInterval: 0, willDue: this.#stack.clock.now() }
    try {
      yield this.#stack.run('closeSession', ctx, {})
    } catch (error) {
      if (isStale(error)) return false
      throw error
    }
    if (this.#isBack(clientId, epoch)) return false
    this.#sleeping.forget(clientId, epoch)
    this.#stack.tell('sessionEnded', { clientId, reason })
    return true
  }

  /** For stores that know of no epochs. */
  #isBack(clientId: string, epoch: number): boolean {
    const known: Session | undefined = this.#sleeping.get(clientId)
    return known !== undefined && known.epoch !== epoch
  }
}

/** Somebody opened the session meanwhile, or it is gone. */
export function isStale(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'STALE_EPOCH'
}
