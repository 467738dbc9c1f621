/**
 * What was granted of a SUBSCRIBE, for as long as that is handled. V8 keeps what a WeakMap has for a packet until the
 * whole heap is collected, if it is an object: here these are numbers and texts, which lead to nothing.
 */
import type { Packet, QoS, ReasonCode, SubscribePacket, Subscription } from '@mqtt-stack/core'
import { asReceived } from '@mqtt-stack/core'

export interface Granted {
  /** In the order of its filters. */
  readonly inOrder: readonly (QoS | ReasonCode)[]
  /** Why the first filter that was refused was so: of others nobody has said it. */
  readonly reason: string | undefined
}

/** By the packet that came: a character for each filter. */
const grantsOf = new WeakMap<Packet, string>()
/** By the packet that came: the place of the first filter that was refused, and why. */
const firstOf = new WeakMap<Packet, number>()
const reasonOf = new WeakMap<Packet, string>()
/** Where filters were seen last, for there may be very many in a list: a hint, since one may stand in several. */
const placeOf = new WeakMap<Subscription, number>()

export function keepGrants(packet: SubscribePacket, { inOrder, reason }: Granted): void {
  const received = asReceived(packet)
  grantsOf.set(received, inOrder.map((grant) => String.fromCharCode(grant)).join(''))
  const first = reason === undefined ? -1 : inOrder.findIndex((grant) => grant >= 0x80)
  if (reason === undefined || first < 0) return
  firstOf.set(received, first)
  reasonOf.set(received, reason)
}

/** A filter that a handler put in place of another has the grant of that one; one that nobody was asked about has none. */
export function grantOf(packet: SubscribePacket, filter: Subscription): QoS | ReasonCode | undefined {
  const grants = grantsOf.get(asReceived(packet))
  const place = findPlace(packet.subscriptions, filter)
  return grants === undefined || place < 0 || place >= grants.length ? undefined : grants.charCodeAt(place)
}

export function whyRefused(packet: SubscribePacket, filter: Subscription): string | undefined {
  const received = asReceived(packet)
  const first = firstOf.get(received)
  return first !== undefined && packet.subscriptions[first] === filter ? reasonOf.get(received) : undefined
}

/** -1 where it is not in the list. */
function findPlace(filters: readonly Subscription[], filter: Subscription): number {
  const isAt = (place = -1): boolean => filters[place] === filter
  if (!isAt(placeOf.get(filter))) for (const [place, one] of filters.entries()) placeOf.set(one, place)
  const place = placeOf.get(filter)
  return place !== undefined && isAt(place) ? place : -1
}
