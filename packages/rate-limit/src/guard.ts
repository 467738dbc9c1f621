/** Failed authentications: who counts them, for whom. */
import type { Client, ListenerLimits, Resolved } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'
import type { Claim } from './failures.ts'
import { Failures } from './failures.ts'
import { NameFailures } from './name-failures.ts'
import type { RateLimitOptions } from './options.ts'
import type { OwnLimits } from './own-limits.ts'
import type { Refusal } from './refusal.ts'

type Limits = Resolved<RateLimitOptions>

/** By any of these a listener has limits of its own. */
const OWN = ['failures', 'failuresPerAddress', 'refusalTime'] as const

/** The attempt of a client that is under way. */
class Attempt {
  end: (() => void) | undefined
}

const attempt = new Slot(() => new Attempt())

/** Counts by where clients come from, at each listener with limits of its own apart, and by user name everywhere. */
export class Guard {
  readonly #names = new NameFailures()
  readonly #everywhere = new Failures()
  #listeners: ReadonlyMap<ListenerLimits, Failures> | undefined

  /** What holds from now on. */
  limit(limits: Limits, own: ReadonlyMap<ListenerLimits, OwnLimits>): void {
    this.#names.limit(limits)
    this.#everywhere.limit(limits)
    const listeners = new Map<ListenerLimits, Failures>()
    for (const [listener, { named, all }] of own) {
      if (OWN.every((option) => named[option] === undefined)) continue
      const failures = this.#listeners?.get(listener) ?? new Failures()
      failures.limit(all)
      listeners.set(listener, failures)
    }
    this.#listeners = listeners.size === 0 ? undefined : listeners
  }

  /** Whether any of the limits is on. */
  static isOn({ failures = 0, failuresPerAddress = 0, failuresPerName = 0 }: RateLimitOptions): boolean {
    return failures + failuresPerAddress + failuresPerName > 0
  }

  /** Why a client is refused before anybody is asked who it is. */
  refusalOf(client: Client, claim: Claim, now: number): Refusal | undefined {
    return this.#of(client).refusalOf(claim, now)
  }

  /** Milliseconds that a client has to wait before anybody is asked who it is. */
  waitOf(client: Client, claim: Claim, now: number): number {
    return Math.max(this.#of(client).waitOf(claim, now), this.#names.waitOf(claim, now))
  }

  /** An attempt of a client begins, in place of an earlier one; false: not yet, others are to be over first. */
  begin(client: Client, claim: Claim, now: number): boolean {
    const mine = attempt.peek(client) ?? this.#attemptOf(client)
    mine.end?.()
    mine.end = this.#of(client).begin(claim, now)
    return mine.end !== undefined
  }

  failed(client: Client, claim: Claim, now: number): void {
    this.#of(client).failed(claim, now)
    this.#names.failed(claim, now)
  }

  /**
   * It was let in. Who came by a certificate or a token under another name has not proven that it is who it says; and who
   * gave no name has proven nothing of those who gave none either.
   */
  succeeded(client: Client, claim: Claim, now: number): void {
    attempt.peek(client)?.end?.()
    if (claim.username === undefined || claim.username !== client.session.identity) return
    this.#of(client).succeeded(claim)
    this.#names.succeeded(claim, now)
  }

  sweep(now: number): void {
    this.#names.sweep(now)
    this.#everywhere.sweep(now)
    for (const failures of this.#listeners?.values() ?? []) failures.sweep(now)
  }

  /** How many keys are remembered. */
  get size(): number {
    const all = [this.#names, this.#everywhere, ...(this.#listeners?.values() ?? [])]
    return all.reduce((sum, { size }) => sum + size, 0)
  }

  #attemptOf(client: Client): Attempt {
    const made = attempt.of(client)
    client.onClose(() => made.end?.())
    return made
  }

  #of({ listener }: Client): Failures {
    const { limits } = listener
    return (limits === undefined ? undefined : this.#listeners?.get(limits)) ?? this.#everywhere
  }
}
