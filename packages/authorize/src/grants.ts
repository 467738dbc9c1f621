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

/** Of lists of filters that are in {@link grantOfFilter}. */
const known = new WeakSet<readonly Subscription[]>()
const grantOfFilter = new WeakMap<Subscription, QoS | ReasonCode>()
/** By the packet that came: a character for each filter. */
const grantsOf = new WeakMap<Packet, string>()
/** By the packet that came: the place of the first filter that was refused, and why. */
const firstOf = new WeakMap<Packet, number>()
const reasonOf = new WeakMap<Packet, string>()

export function keepGrants(packet: SubscribePacket, { inOrder, reason }: Granted): void {
  const received = asReceived(packet)
  grantsOf.set(received, inOrder.map((grant) => String.fromCharCode(grant)).join(''))
  note(packet.subscriptions, inOrder)
  if (reason === undefined) return
  const first = inOrder.findIndex((grant) => grant >= 0x80)
  if (first < 0) return
  firstOf.set(received, first)
  reasonOf.set(received, reason)
}

/** A filter that a handler put in place of another has the grant of that one; one that nobody was asked about has none. */
export function grantOf(packet: SubscribePacket, filter: Subscription): QoS | ReasonCode | undefined {
  const { subscriptions } = packet
  if (!known.has(subscriptions)) {
    const grants = grantsOf.get(asReceived(packet))
    if (grants === undefined) return undefined
    note(
      subscriptions,
      Array.from(grants, (grant) => grant.charCodeAt(0)),
    )
  }
  return grantOfFilter.get(filter)
}

export function whyRefused(packet: SubscribePacket, filter: Subscription): string | undefined {
  const received = asReceived(packet)
  const first = firstOf.get(received)
  return first !== undefined && packet.subscriptions[first] === filter ? reasonOf.get(received) : undefined
}

function note(filters: readonly Subscription[], grants: readonly (QoS | ReasonCode)[]): void {
  for (const [i, filter] of filters.entries()) grantOfFilter.set(filter, grants[i])
  known.add(filters)
}
