import type { Client, Clock, ListenerLimits } from '@mqtt-stack/core'
import { addressOf, ReasonCode, Slot } from '@mqtt-stack/core'
import type { ConnectionLimits, Count } from './connection-area.ts'
import { ConnectionArea } from './connection-area.ts'
import type { Exempt } from './exempt.ts'
import type { OwnLimits } from './own-limits.ts'
import type { Refusal } from './refusal.ts'

/** Where one connection is counted. */
class Counted {
  /** With those of its address, where that has a limit, of its listener, where that has one of its own, and with all. */
  counts: readonly Count[] | undefined
  /** Why it is refused when its CONNECT comes. */
  refusal: Refusal | undefined
}

const counted = new Slot(() => new Counted())

/**
 * Counts connections from their first moment, before anything was read. One too many is told why when its CONNECT
 * comes; where many wait for that, further ones are just closed. Clients of this machine have no limit by address.
 */
export class Connections {
  readonly #clock: Clock
  readonly #everywhere: ConnectionArea
  /** Only where listeners have limits of their own. */
  #listeners: ReadonlyMap<ListenerLimits, ConnectionArea> | undefined
  #exempt: Exempt

  constructor(clock: Clock, exempt: Exempt) {
    this.#clock = clock
    this.#exempt = exempt
    this.#everywhere = new ConnectionArea('', clock.now())
  }

  /**
   * What holds from now on; rates begin anew.
   * @param own Of listeners: what they do not name holds there as everywhere.
   * @param clients Who is connected already: they are counted by all that has a limit now.
   */
  limit(
    limits: ConnectionLimits,
    own: ReadonlyMap<ListenerLimits, OwnLimits>,
    exempt: Exempt,
    clients: Iterable<Client> = [],
  ): void {
    const now = this.#clock.now()
    this.#exempt = exempt
    this.#everywhere.limit(limits, limits.burst, now)
    const areas = new Map<ListenerLimits, ConnectionArea>()
    for (const [listener, { named, all }] of own) {
      const area = this.#listeners?.get(listener) ?? new ConnectionArea(' of this listener', now)
      area.limit(named, all.burst, now)
      areas.set(listener, area)
    }
    this.#listeners = areas.size === 0 ? undefined : areas
    for (const client of clients) this.#recount(client)
  }

  /** Whether any of the limits is on. */
  static isOn({
    connections = 0,
    connectionsPerAddress = 0,
    connectRate = 0,
    connectRatePerAddress = 0,
  }: Partial<ConnectionLimits>): boolean {
    return connections + connectionsPerAddress + connectRate + connectRatePerAddress > 0
  }

  /** A connection was made. */
  add(client: Client): void {
    const state = counted.of(client)
    state.counts = this.#countsOf(client)
    state.refusal = this.#tooOften(client) ?? enter(state.counts)
    if (state.refusal !== undefined) turn(client, state.counts, state.refusal)
    if (client.closed) for (const count of state.counts) count.settle()
    else client.onClose(() => leave(state))
  }

  /** Its CONNECT came: why it is refused, if it is. */
  refusalOf(client: Client): Refusal | undefined {
    const state = counted.of(client)
    if (state.refusal?.reasonCode !== ReasonCode.QUOTA_EXCEEDED) return state.refusal
    // Somebody may have gone meanwhile.
    const { counts = [] } = state
    const refusal = enter(counts)
    if (refusal !== undefined) return refusal
    state.refusal = undefined
    for (const count of counts) count.turned--
    return undefined
  }

  /** Why one more as this one would be refused; nothing is counted. */
  wouldRefuse(client: Client): Refusal | undefined {
    const now = this.#clock.now()
    const { listener } = client
    const own = this.#ownOf(client)
    const all = [...(own === undefined ? [] : [own]), this.#everywhere]
    const ofAddress = this.#exempt.has(listener)
      ? undefined
      : this.#refusalOf(own, addressOf(listener.remote))
    const refusals = [
      ofAddress,
      ...all.flatMap((area) => [area.rateRefusal(undefined, now), area.countRefusal(undefined)]),
    ]
    return refusals.find((one) => one !== undefined)
  }

  #refusalOf(own: ConnectionArea | undefined, address: string): Refusal | undefined {
    const rate = own?.names('connectRatePerAddress') ? own : this.#everywhere
    const count = own?.names('connectionsPerAddress') ? own : this.#everywhere
    return rate.rateRefusal(address, this.#clock.now()) ?? count.countRefusal(address)
  }

  /** How many addresses are remembered. */
  get size(): number {
    const areas = [this.#everywhere, ...(this.#listeners?.values() ?? [])]
    return areas.reduce((sum, { size }) => sum + size, 0)
  }

  sweep(now: number): void {
    this.#everywhere.sweep(now)
    for (const area of this.#listeners?.values() ?? []) area.sweep(now)
  }

  /** Whoever is let in stays so, where there are more than there may be now. */
  #recount(client: Client): void {
    if (client.closed) return
    const state = counted.of(client)
    const before = state.counts
    const which = state.refusal === undefined ? 'held' : 'turned'
    state.counts = this.#countsOf(client)
    for (const count of state.counts) count[which]++
    for (const count of before ?? []) count.leave(which)
    if (before === undefined) client.onClose(() => leave(state))
  }

  #ownOf({ listener }: Client): ConnectionArea | undefined {
    if (this.#listeners === undefined || listener.limits === undefined) return undefined
    return this.#listeners.get(listener.limits)
  }

  #countsOf(client: Client): readonly Count[] {
    const own = this.#ownOf(client)
    const everywhere = this.#everywhere
    const area = own?.names('connectionsPerAddress') ? own : everywhere
    const counts: Count[] = []
    if (area.asksAddress && !this.#exempt.has(client.listener))
      counts.push(area.countOf(addressOf(client.listener.remote)))
    if (own?.names('connections')) counts.push(own.all)
    counts.push(everywhere.all)
    return counts
  }

  /** The address comes first: one that comes too often does not use up what there is for all. */
  #tooOften(client: Client): Refusal | undefined {
    const now = this.#clock.now()
    const own = this.#ownOf(client)
    const area = own?.names('connectRatePerAddress') ? own : this.#everywhere
    const isAsked = area.asksAddress && !this.#exempt.has(client.listener)
    return (
      (isAsked ? area.takeOf(addressOf(client.listener.remote), now) : undefined) ??
      (own?.names('connectRate') ? own.take(now) : undefined) ??
      this.#everywhere.take(now)
    )
  }
}

/** Lets it in, if there is room. */
function enter(counts: readonly Count[]): Refusal | undefined {
  for (const { refusal } of counts) if (refusal !== undefined) return refusal
  for (const count of counts) count.held++
  return undefined
}

/** It may wait for its CONNECT, unless too many do. */
function turn(client: Client, counts: readonly Count[], { reasonCode, reason }: Refusal): void {
  if (counts.every(({ mayTurn }) => mayTurn)) for (const count of counts) count.turned++
  else client.close(reasonCode, { reason })
}

function leave({ counts = [], refusal }: Counted): void {
  for (const count of counts) count.leave(refusal === undefined ? 'held' : 'turned')
}
