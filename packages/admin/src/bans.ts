/** Who is kept out for a while. */
import type { Client, Clock } from '@mqtt-stack/core'
import { addressOf } from '@mqtt-stack/core'

/** What is kept out: one of the three. */
export interface BanTerms {
  readonly clientId?: string | undefined
  readonly identity?: string | undefined
  /** An address; of IPv6 its first half counts, as everywhere. */
  readonly address?: string | undefined
}

export interface Ban extends BanTerms {
  readonly id: string
  /** For the client (5.0) and the log. */
  readonly reason: string
  /** When it is over, by the stack's clock (ms). */
  readonly until: number
}

/** So many at a time. */
const MOST = 10_000

/** Bans of this process: they are gone with it. Each is found by what it is for, however many there are. */
export class Bans {
  readonly #clock: Clock
  readonly #byKey = new Map<string, Ban>()
  #next = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Those that hold, oldest first. */
  list(): readonly Ban[] {
    this.#forget()
    return [...this.#byKey.values()]
  }

  /** One for the same replaces another; nothing where there are too many. */
  add(terms: BanTerms, seconds: number, reason: string): Ban | undefined {
    this.#forget()
    const key = keyOf(terms)
    this.#byKey.delete(key)
    if (this.#byKey.size >= MOST) return undefined
    const ban = { ...terms, id: `${this.#next++}`, reason, until: this.#clock.now() + seconds * 1_000 }
    this.#byKey.set(key, ban)
    return ban
  }

  /** False where there is none. */
  remove(id: string): boolean {
    for (const [key, ban] of this.#byKey) if (ban.id === id) return this.#byKey.delete(key)
    return false
  }

  /** The ban that a client meets, if any holds. */
  of(client: Client): Ban | undefined {
    if (this.#byKey.size === 0) return undefined
    const { id: clientId, session, listener } = client
    const { identity } = session
    const address = listener.remote === undefined ? undefined : addressOf(listener.remote)
    return this.#find({ clientId }) ?? this.#find({ identity }) ?? this.#find({ address })
  }

  #find(terms: BanTerms): Ban | undefined {
    if (Object.values(terms)[0] === undefined) return undefined
    const key = keyOf(terms)
    const ban = this.#byKey.get(key)
    if (ban === undefined || ban.until > this.#clock.now()) return ban
    this.#byKey.delete(key)
    return undefined
  }

  #forget(): void {
    const now = this.#clock.now()
    for (const [key, { until }] of this.#byKey) if (until <= now) this.#byKey.delete(key)
  }
}

function keyOf({ clientId, identity, address }: BanTerms): string {
  if (clientId !== undefined) return `c${clientId}`
  return identity === undefined ? `a${addressOf(address ?? '')}` : `i${identity}`
}
