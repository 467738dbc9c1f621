import type { Session } from '@mqtt-stack/core'

/** A session without a connection. */
interface Sleeper {
  readonly session: Session
  /** When it is over, by the stack's clock (ms). */
  readonly expiresAt: number
}

/** Stored sessions without a connection, by client identifier, with what middlewares keep on them. */
export class SleepingSessions {
  readonly #sleepers = new Map<string, Sleeper>()
  /** None is over before. */
  #nextExpiry = Number.POSITIVE_INFINITY

  /** How many there are. */
  get size(): number {
    return this.#sleepers.size
  }

  get(clientId: string): Session | undefined {
    return this.#sleepers.get(clientId)?.session
  }

  /** @param now By the stack's clock (ms). */
  add(session: Session, now: number): void {
    const { clientId, expiryInterval } = session
    const expiresAt = expiryInterval === 0xffff_ffff ? Number.POSITIVE_INFINITY : now + expiryInterval * 1_000
    this.#sleepers.set(clientId, { session, expiresAt })
    if (expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt
  }

  /** The session, which does not sleep any more. */
  wake(clientId: string): Session | undefined {
    const session = this.get(clientId)
    this.#sleepers.delete(clientId)
    return session
  }

  /** The session of this epoch is over. */
  forget(clientId: string, epoch: number): void {
    if (this.get(clientId)?.epoch === epoch) this.#sleepers.delete(clientId)
  }

  /** Those whose time is over. */
  due(now: number): Session[] {
    if (now < this.#nextExpiry) return []
    this.#nextExpiry = Number.POSITIVE_INFINITY
    const found: Session[] = []
    for (const { session, expiresAt } of this.#sleepers.values()) {
      if (expiresAt <= now) found.push(session)
      else if (expiresAt < this.#nextExpiry) this.#nextExpiry = expiresAt
    }
    return found
  }
}
