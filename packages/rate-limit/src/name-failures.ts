import type { Resolved } from '@mqtt-stack/core'
import type { Claim } from './failures.ts'
import { Attempts, keyOf, pairOf, waitAfter } from './failures.ts'
import type { RateLimitOptions } from './options.ts'
import { Recent } from './recent.ts'

/** How long it is remembered that a user came from an address, in ms. */
const KNOWN = 86_400_000

type Limits = Pick<Resolved<RateLimitOptions>, 'failuresPerName' | 'refusalTime'>

/**
 * Failed authentications by user name, wherever they come from. There are only waits for them, with a bound, and none
 * where the user was let in from that address lately.
 */
export class NameFailures {
  #limits: Limits = { failuresPerName: 0, refusalTime: 0 }
  #names = new Recent<Attempts>(0)
  readonly #known = new Recent<true>(KNOWN)

  /** What holds from now on. With another `refusalTime` what went wrong so far is forgotten. */
  limit(limits: Limits): void {
    const { refusalTime } = limits
    if (refusalTime !== this.#limits.refusalTime) this.#names = new Recent(refusalTime)
    this.#limits = limits
  }

  /** Milliseconds that a client has to wait before anybody is asked who it is. */
  waitOf(claim: Claim, now: number): number {
    const { username } = claim
    if (username === undefined || this.#known.get(pairOf(claim), now) === true) return 0
    return waitAfter(this.#names.get(keyOf(username), now), this.#limits.failuresPerName)
  }

  failed({ username }: Claim, now: number): void {
    if (username !== undefined && this.#limits.failuresPerName > 0)
      this.#names.use(keyOf(username), now, () => new Attempts()).failures++
  }

  /** The user was let in from there. */
  succeeded(claim: Claim, now: number): void {
    if (claim.username !== undefined) this.#known.use(pairOf(claim), now, () => true)
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#names.size + this.#known.size
  }

  sweep(now: number): void {
    this.#names.sweep(now)
    this.#known.sweep(now)
  }
}
