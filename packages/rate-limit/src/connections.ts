import type { Client, Clock, Resolved } from '@mqtt-stack/core'
import { addressOf, ReasonCode, Slot } from '@mqtt-stack/core'
import { Bucket } from './bucket.ts'
import type { RateLimitOptions } from './options.ts'
import { Recent } from './recent.ts'
import type { Refusal } from './refusal.ts'

/** Connections of one address, and in all, that may wait for being told that they are refused. */
const TURNED_PER_ADDRESS = 16
const TURNED = 1_000

type Limits = Pick<
  Resolved<RateLimitOptions>,
  'connections' | 'connectionsPerAddress' | 'connectRate' | 'connectRatePerAddress' | 'burst'
>

const NONE: Limits = {
  connections: 0,
  connectionsPerAddress: 0,
  connectRate: 0,
  connectRatePerAddress: 0,
  burst: 1,
}

/** Connections of one address, or all. */
class Count {
  /** Those that were let in. */
  held = 0
  /** Those that are to be refused as soon as they have sent CONNECT. */
  turned = 0
}

/** Where one connection is counted. */
class Counted {
  /** Of its address; none where it has no limit. */
  address: Count | undefined
  /** Why it is refused when its CONNECT comes. */
  refusal: Refusal | undefined
}

const counted = new Slot(() => new Counted())

/**
 * Counts connections from their first moment, before anything was read. One too many is told why when its CONNECT
 * comes; where many wait for that, further ones are just closed. Clients of this machine have no limit by address.
 */
export class Connections {
  #limits: Limits = NONE
  readonly #clock: Clock
  readonly #all = new Count()
  readonly #addresses = new Map<string, Count>()
  #rate: Bucket
  #rates: Recent<Bucket>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#rate = new Bucket(Number.POSITIVE_INFINITY, 1, clock.now())
    this.#rates = new Recent(0)
  }

  /** What holds from now on; rates begin anew. */
  limit(limits: Limits): void {
    this.#limits = limits
    const { connectRate, burst } = limits
    this.#rate = new Bucket(connectRate || Number.POSITIVE_INFINITY, burst, this.#clock.now())
    // A bucket that was not used for so long is full again.
    this.#rates = new Recent(burst * 1_000)
  }

  /** Whether any of the limits is on. */
  static isOn({ connections, connectionsPerAddress, connectRate, connectRatePerAddress }: Limits): boolean {
    return connections + connectionsPerAddress + connectRate + connectRatePerAddress > 0
  }

  /** A connection was made. */
  add(client: Client): void {
    const state = counted.of(client)
    const key = this.#keyOf(client)
    state.address = key === undefined ? undefined : this.#countOf(key)
    state.refusal = this.#tooOften(key) ?? this.#enter(state)
    if (state.refusal !== undefined) this.#turn(client, state, state.refusal)
    if (client.closed) this.#forget(key, state)
    else client.onClose(() => this.#leave(key, state))
  }

  /** Its CONNECT came: why it is refused, if it is. */
  refusalOf(client: Client): Refusal | undefined {
    const state = counted.of(client)
    if (state.refusal?.reasonCode !== ReasonCode.QUOTA_EXCEEDED) return state.refusal
    // Somebody may have gone meanwhile.
    const refusal = this.#enter(state)
    if (refusal !== undefined) return refusal
    state.refusal = undefined
    this.#all.turned--
    if (state.address !== undefined) state.address.turned--
    return undefined
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#addresses.size + this.#rates.size
  }

  sweep(now: number): void {
    this.#rates.sweep(now)
  }

  #keyOf({ listener }: Client): string | undefined {
    const { connectionsPerAddress, connectRatePerAddress } = this.#limits
    if (listener.local || connectionsPerAddress + connectRatePerAddress === 0) return undefined
    return addressOf(listener.remote)
  }

  #countOf(key: string): Count {
    let count = this.#addresses.get(key)
    if (count === undefined) {
      count = new Count()
      this.#addresses.set(key, count)
    }
    return count
  }

  /** The address comes first: one that comes too often does not use up what there is for all. */
  #tooOften(key: string | undefined): Refusal | undefined {
    const { connectRate, connectRatePerAddress, burst } = this.#limits
    const now = this.#clock.now()
    const reasonCode = ReasonCode.CONNECTION_RATE_EXCEEDED
    if (key !== undefined && connectRatePerAddress > 0) {
      const bucket = this.#rates.use(key, now, () => new Bucket(connectRatePerAddress, burst, now))
      if (!bucket.has(now))
        return {
          reasonCode,
          reason: `more than ${connectRatePerAddress} connections a second of one address (connectRatePerAddress)`,
        }
      bucket.take(1)
    }
    if (!this.#rate.has(now))
      return { reasonCode, reason: `more than ${connectRate} connections a second (connectRate)` }
    this.#rate.take(1)
    return undefined
  }

  /** Lets it in, if there is room. */
  #enter({ address }: Counted): Refusal | undefined {
    const { connections, connectionsPerAddress } = this.#limits
    const reasonCode = ReasonCode.QUOTA_EXCEEDED
    if (connectionsPerAddress > 0 && address !== undefined && address.held >= connectionsPerAddress)
      return {
        reasonCode,
        reason: `more than ${connectionsPerAddress} connections of one address (connectionsPerAddress)`,
      }
    if (connections > 0 && this.#all.held >= connections)
      return { reasonCode, reason: `more than ${connections} connections (connections)` }
    this.#all.held++
    if (address !== undefined) address.held++
    return undefined
  }

  /** It may wait for its CONNECT, unless too many do. */
  #turn(client: Client, { address }: Counted, { reasonCode, reason }: Refusal): void {
    if (this.#all.turned >= TURNED || (address?.turned ?? 0) >= TURNED_PER_ADDRESS) {
      client.close(reasonCode, { reason })
      return
    }
    this.#all.turned++
    if (address !== undefined) address.turned++
  }

  #leave(key: string | undefined, state: Counted): void {
    const counted = state.refusal === undefined ? 'held' : 'turned'
    this.#all[counted]--
    if (state.address !== undefined) state.address[counted]--
    this.#forget(key, state)
  }

  #forget(key: string | undefined, { address }: Counted): void {
    if (key !== undefined && address?.held === 0 && address.turned === 0) this.#addresses.delete(key)
  }
}
