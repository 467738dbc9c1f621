import { createHash } from 'node:crypto'
import type { Resolved } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { RateLimitOptions } from './options.ts'
import { Recent } from './recent.ts'
import type { Refusal } from './refusal.ts'

/** The part of what is allowed that costs nothing yet. */
const FREE = 1 / 3
/** The first wait, in ms; each further failure doubles it, up to the longest. */
const FIRST_WAIT = 250
const LONGEST_WAIT = 4_000
/** A longer user name is remembered by its hash: a client may send 65,535 bytes. */
const LONG = 64

/** Where somebody comes from, and who he says he is. */
export interface Claim {
  address: string
  username: string | undefined
  /** Stands for a user name that there is not: the method of 5.0 may ask for one later. */
  clientId: string
  /** It comes from this machine: others may be behind the same address, as behind a proxy that does not say so. */
  local: boolean
}

/** What went wrong under one key. */
export class Attempts {
  failures = 0
  refusedUntil = 0
}

/** What bounds failures by where somebody comes from. */
export type FailureLimits = Pick<
  Resolved<RateLimitOptions>,
  'failures' | 'failuresPerAddress' | 'refusalTime'
>

const NONE: FailureLimits = { failures: 0, failuresPerAddress: 0, refusalTime: 0 }

/**
 * Failed authentications by address and user name together, and by address: of all clients, or of those of a listener
 * with limits of its own. Whoever fails too often is refused for a while, by where he comes from: nobody is locked out
 * by what others do elsewhere.
 */
export class Failures {
  #limits = NONE
  #pairs = new Recent<Attempts>(0)
  #addresses = new Recent<Attempts>(0)
  /** Attempts whose outcome nobody knows yet, by pair; those of connections that are there, and so bounded. */
  readonly #underWay = new Map<string, number>()

  /** What holds from now on. With another `refusalTime` what went wrong so far is forgotten. */
  limit(limits: FailureLimits): void {
    const { refusalTime } = limits
    if (refusalTime !== this.#limits.refusalTime) {
      this.#pairs = new Recent(refusalTime)
      this.#addresses = new Recent(refusalTime)
    }
    this.#limits = limits
  }

  /** Why a client is refused before anybody is asked who it is. */
  refusalOf(claim: Claim, now: number): Refusal | undefined {
    const { address, local } = claim
    if (local) return undefined
    if (isRefused(this.#pairs.get(pairOf(claim), now), now))
      return banned('of this address with this user name', 'failures')
    if (isRefused(this.#addresses.get(address, now), now))
      return banned('of this address', 'failuresPerAddress')
    return undefined
  }

  /** Milliseconds that a client has to wait before anybody is asked who it is. */
  waitOf(claim: Claim, now: number): number {
    const { address, local } = claim
    const { failures, failuresPerAddress } = this.#limits
    return Math.max(
      waitAfter(this.#pairs.get(pairOf(claim), now), failures * FREE),
      local ? 0 : waitAfter(this.#addresses.get(address, now), failuresPerAddress * FREE),
    )
  }

  /**
   * An attempt begins, and is over when the answer is called. `undefined`: not yet, for if all that are under way failed
   * there would be too many of one address with one user name.
   */
  begin(claim: Claim, now: number): (() => void) | undefined {
    const { failures } = this.#limits
    if (failures === 0 || claim.local) return () => {}
    const pair = pairOf(claim)
    const underWay = this.#underWay.get(pair) ?? 0
    const failed = this.#pairs.get(pair, now)?.failures ?? 0
    if (underWay > 0 && failed + underWay >= failures) return undefined
    this.#underWay.set(pair, underWay + 1)
    let isOver = false
    return () => {
      if (!isOver) this.#end(pair)
      isOver = true
    }
  }

  failed(claim: Claim, now: number): void {
    const { failures, failuresPerAddress } = this.#limits
    this.#count(this.#pairs, pairOf(claim), failures, now)
    this.#count(this.#addresses, claim.address, failuresPerAddress, now)
  }

  /** The user was let in: what went wrong before from the same address was a mistake. */
  succeeded(claim: Claim): void {
    this.#pairs.delete(pairOf(claim))
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#pairs.size + this.#addresses.size + this.#underWay.size
  }

  sweep(now: number): void {
    this.#pairs.sweep(now)
    this.#addresses.sweep(now)
  }

  #end(pair: string): void {
    const left = (this.#underWay.get(pair) ?? 1) - 1
    if (left > 0) this.#underWay.set(pair, left)
    else this.#underWay.delete(pair)
  }

  #count(table: Recent<Attempts>, key: string, limit: number, now: number): void {
    if (limit === 0) return
    const attempts = table.use(key, now, () => new Attempts())
    if (++attempts.failures >= limit) attempts.refusedUntil = now + this.#limits.refusalTime
  }
}

function isRefused(attempts: Attempts | undefined, now: number): boolean {
  return attempts !== undefined && attempts.refusedUntil > now
}

/** @param free So many failures cost nothing; 0: there is no limit. */
export function waitAfter(attempts: Attempts | undefined, free: number): number {
  if (attempts === undefined || free === 0 || attempts.failures <= free) return 0
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (Math.ceil(attempts.failures - free) - 1))
}

function banned(whose: string, option: string): Refusal {
  return { reasonCode: ReasonCode.BANNED, reason: `too many failed authentications ${whose} (${option})` }
}

export function keyOf(username: string): string {
  return username.length > LONG ? createHash('sha256').update(username).digest('base64') : username
}

/** No user name is the same as a client identifier. */
export function pairOf({ address, username, clientId }: Claim): string {
  return username === undefined ? `${address}\0${keyOf(clientId)}` : `${address} ${keyOf(username)}`
}
