/** Who is kept out for a while. */
import { createHash, randomBytes } from 'node:crypto'
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

/** As other nodes are told of it. */
export interface SharedBan extends BanTerms {
  readonly id: string
  readonly reason: string
  /** Milliseconds: clocks of machines differ. */
  readonly left: number
  /** Grows with each change of what it is for: the highest holds. */
  readonly version: number
  /** It was taken away: known until it would have been over, so that no other node brings it back. */
  readonly lifted: boolean
}

interface Kept extends Ban {
  readonly version: number
  readonly lifted: boolean
}

/** So many at a time, with those that were taken away. */
const MOST = 10_000

/** Bans that this process knows: they are gone with it. Each is found by what it is for, however many there are. */
export class Bans {
  readonly #clock: Clock
  readonly #byKey = new Map<string, Kept>()
  /** How many of them were taken away. */
  #lifted = 0
  /** No ban is over before. */
  #firstOver = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Those that hold, oldest first. */
  list(): readonly Ban[] {
    this.#forget()
    return [...this.#byKey.values()].filter(({ lifted }) => !lifted).map(banOf)
  }

  /** One for the same replaces another; nothing where there are too many. */
  add(terms: BanTerms, seconds: number, reason: string): Ban | undefined {
    this.#forget()
    const key = keyOf(terms)
    const version = (this.#byKey.get(key)?.version ?? 0) + 1
    const until = this.#clock.now() + seconds * 1_000
    const ban = { ...terms, id: randomBytes(6).toString('hex'), reason, until, version, lifted: false }
    return this.#put(key, ban) ? banOf(ban) : undefined
  }

  /** False where there is none. */
  remove(id: string): boolean {
    for (const [key, ban] of this.#byKey) {
      if (ban.id !== id || ban.lifted) continue
      return this.#put(key, { ...ban, version: ban.version + 1, lifted: true })
    }
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

  /** All that other nodes are to know, or what they are to know of one. */
  shared(id?: string): readonly SharedBan[] {
    this.#forget()
    const now = this.#clock.now()
    return [...this.#byKey.values()]
      .filter((ban) => id === undefined || ban.id === id)
      .map(({ until, ...ban }) => ({ ...ban, left: until - now }))
  }

  /** Another node has said what it knows; answers how many of it were news. */
  merge(told: readonly SharedBan[]): number {
    this.#forget()
    let news = 0
    for (const { left, ...ban } of told) {
      const key = keyOf(ban)
      const known = this.#byKey.get(key)
      // It makes no room for itself where there is nothing to take away.
      if (ban.lifted && known === undefined && this.#byKey.size >= MOST) continue
      const isOlder = known !== undefined && (known.version - ban.version || compare(known.id, ban.id)) >= 0
      if (!isOlder && left > 0 && this.#put(key, { ...ban, until: this.#clock.now() + left })) news++
    }
    return news
  }

  /** The same on two nodes that know the same. */
  get digest(): string {
    this.#forget()
    const all = [...this.#byKey].map(([key, { version, id }]) => JSON.stringify([key, version, id])).sort()
    return createHash('sha256').update(all.join('\n')).digest('base64url')
  }

  /** Those that were taken away make room, the oldest first. */
  #put(key: string, ban: Kept): boolean {
    this.#drop(key)
    if (this.#byKey.size >= MOST && this.#lifted > 0)
      for (const [other, { lifted }] of this.#byKey) {
        if (!lifted) continue
        this.#drop(other)
        break
      }
    if (this.#byKey.size >= MOST) return false
    this.#byKey.set(key, ban)
    this.#firstOver = Math.min(this.#firstOver, ban.until)
    if (ban.lifted) this.#lifted++
    return true
  }

  #drop(key: string): void {
    if (this.#byKey.get(key)?.lifted === true) this.#lifted--
    this.#byKey.delete(key)
  }

  #find(terms: BanTerms): Ban | undefined {
    if (Object.values(terms)[0] === undefined) return undefined
    const ban = this.#byKey.get(keyOf(terms))
    return ban === undefined || ban.lifted || ban.until <= this.#clock.now() ? undefined : ban
  }

  #forget(): void {
    const now = this.#clock.now()
    if (now < this.#firstOver) return
    this.#firstOver = Number.POSITIVE_INFINITY
    for (const [key, { until }] of this.#byKey)
      if (until <= now) this.#drop(key)
      else this.#firstOver = Math.min(this.#firstOver, until)
  }
}

function banOf({ version: _, lifted: __, ...ban }: Kept): Ban {
  return ban
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

function keyOf({ clientId, identity, address }: BanTerms): string {
  if (clientId !== undefined) return `c${clientId}`
  return identity === undefined ? `a${addressOf(address ?? '')}` : `i${identity}`
}
