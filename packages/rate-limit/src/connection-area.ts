/** Connections that have bounds in common: those of the whole broker, or of a listener with bounds of its own. */
import type { Resolved } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import { Bucket } from './bucket.ts'
import type { RateLimitOptions } from './options.ts'
import { Recent } from './recent.ts'
import type { Refusal } from './refusal.ts'

/** Connections of one address, and in all, that may wait for being told that they are refused. */
const TURNED_PER_ADDRESS = 16
const TURNED = 1_000

/** What bounds connections. */
export type ConnectionLimits = Pick<
  Resolved<RateLimitOptions>,
  'connections' | 'connectionsPerAddress' | 'connectRate' | 'connectRatePerAddress' | 'burst'
>

const NONE: ConnectionLimits = {
  connections: 0,
  connectionsPerAddress: 0,
  connectRate: 0,
  connectRatePerAddress: 0,
  burst: 1,
}

/** Connections of one address, or all of an area. */
export class Count {
  /** Those that were let in. */
  held = 0
  /** Those that are to be refused as soon as they have sent CONNECT. */
  turned = 0
  readonly #area: ConnectionArea
  readonly #address: string | undefined

  constructor(area: ConnectionArea, address?: string) {
    this.#area = area
    this.#address = address
  }

  /** Why one more is refused, if it is. */
  get refusal(): Refusal | undefined {
    const most = this.#area.mostOf(this.#address)
    if (most === 0 || this.held < most) return undefined
    const reason =
      this.#address === undefined
        ? `more than ${most} connections${this.#area.whose} (connections)`
        : `more than ${most} connections of one address${this.#area.whose} (connectionsPerAddress)`
    return { reasonCode: ReasonCode.QUOTA_EXCEEDED, reason }
  }

  /** Whether another one may wait for its CONNECT. */
  get mayTurn(): boolean {
    return this.turned < (this.#address === undefined ? TURNED : TURNED_PER_ADDRESS)
  }

  /** One less: an address that has none is forgotten. */
  leave(which: 'held' | 'turned'): void {
    this[which]--
    this.settle()
  }

  settle(): void {
    if (this.#address !== undefined && this.held + this.turned === 0) this.#area.forget(this.#address)
  }
}

export class ConnectionArea {
  /** Behind a number, in words: ` of this listener`. */
  readonly whose: string
  readonly all: Count = new Count(this)
  readonly #addresses = new Map<string, Count>()
  #limits = NONE
  #named: Partial<ConnectionLimits> = NONE
  #rate: Bucket
  #rates = new Recent<Bucket>(0)

  constructor(whose: string, now: number) {
    this.whose = whose
    this.#rate = new Bucket(Number.POSITIVE_INFINITY, 1, now)
  }

  /** What holds from now on; rates begin anew. What is not named has no bound here. */
  limit(named: Partial<ConnectionLimits>, burst: number, now: number): void {
    this.#named = named
    this.#limits = { ...NONE, ...named, burst }
    this.#rate = new Bucket(this.#limits.connectRate || Number.POSITIVE_INFINITY, burst, now)
    // A bucket that was not used for so long is full again.
    this.#rates = new Recent(burst * 1_000)
  }

  /** Whether it says something of this, be it that there is no bound. */
  names(option: keyof ConnectionLimits): boolean {
    return this.#named[option] !== undefined
  }

  /** Whether addresses are looked at. */
  get asksAddress(): boolean {
    return this.#limits.connectionsPerAddress + this.#limits.connectRatePerAddress > 0
  }

  /** Internal to its counts. 0: no limit. */
  mostOf(address: string | undefined): number {
    return address === undefined ? this.#limits.connections : this.#limits.connectionsPerAddress
  }

  countOf(address: string): Count {
    let count = this.#addresses.get(address)
    if (count === undefined) {
      count = new Count(this, address)
      this.#addresses.set(address, count)
    }
    return count
  }

  forget(address: string): void {
    this.#addresses.delete(address)
  }

  /** Why one more would come too often, of an address or in all; nothing is counted. */
  rateRefusal(address: string | undefined, now: number): Refusal | undefined {
    const { connectRate, connectRatePerAddress } = this.#limits
    if (address === undefined) return this.#rate.has(now) ? undefined : tooOften(this.#inAll(connectRate))
    const lacks = this.#rates.get(address, now)?.has(now) === false
    return lacks ? tooOften(this.#ofOne(connectRatePerAddress)) : undefined
  }

  /** Why one more would be too many, of an address or in all; nothing is counted. */
  countRefusal(address: string | undefined): Refusal | undefined {
    return (address === undefined ? this.all : this.#addresses.get(address))?.refusal
  }

  /** Takes one of what an address may have in a second; why it is refused where it has none left. */
  takeOf(address: string, now: number): Refusal | undefined {
    const { connectRatePerAddress: most, burst } = this.#limits
    if (most === 0) return undefined
    const bucket = this.#rates.use(address, now, () => new Bucket(most, burst, now))
    if (bucket.has(now)) bucket.take(1)
    else return tooOften(this.#ofOne(most))
    return undefined
  }

  /** The same, of what all may have. */
  take(now: number): Refusal | undefined {
    const { connectRate } = this.#limits
    if (this.#rate.has(now)) this.#rate.take(1)
    else return tooOften(this.#inAll(connectRate))
    return undefined
  }

  #ofOne(most: number): string {
    return `${most} connections a second of one address${this.whose} (connectRatePerAddress)`
  }

  #inAll(most: number): string {
    return `${most} connections a second${this.whose} (connectRate)`
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#addresses.size + this.#rates.size
  }

  sweep(now: number): void {
    this.#rates.sweep(now)
  }
}

function tooOften(what: string): Refusal {
  return { reasonCode: ReasonCode.CONNECTION_RATE_EXCEEDED, reason: `more than ${what}` }
}
